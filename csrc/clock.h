/* clock.h - the time; on clocks that only go forward, but for one. */
#ifndef CLOCK_H
#define CLOCK_H
#include <stdint.h>

/* Milliseconds since some moment. */
int64_t clock_ms(void);

/* Microseconds since some moment. */
int64_t clock_us(void);

/* Cheaper, in steps of some milliseconds. */
int64_t clock_coarse_ms(void);

/* Milliseconds since 1970; may be set back. */
int64_t clock_real_ms(void);

#endif
