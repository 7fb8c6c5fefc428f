/* clock.h - a clock that only goes forward. */
#ifndef CLOCK_H
#define CLOCK_H
#include <stdint.h>

/* Milliseconds since some moment. */
int64_t clock_ms(void);

/* Microseconds since some moment. */
int64_t clock_us(void);

/* Cheaper, in steps of some milliseconds. */
int64_t clock_coarse_ms(void);

#endif
