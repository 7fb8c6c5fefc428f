/* clock.c - see clock.h */
#include "clock.h"

#include <time.h>

#ifdef CLOCK_MONOTONIC_COARSE
enum { COARSE = CLOCK_MONOTONIC_COARSE };
#else
enum { COARSE = CLOCK_MONOTONIC };
#endif

static int64_t milliseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_coarse_ms(void)
{
    return milliseconds(COARSE);
}

int64_t clock_ms(void)
{
    return milliseconds(CLOCK_MONOTONIC);
}

int64_t clock_real_ms(void)
{
    return milliseconds(CLOCK_REALTIME);
}

int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
