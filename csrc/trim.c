/* trim.c - see trim.h */
#include "trim.h"

#include <stdlib.h>

/* Elsewhere it is no macro, and no preprocessor takes it even behind an &&. */
#ifdef __GLIBC__
#define HAS_MALLINFO2 __GLIBC_PREREQ(2, 33)
#else
#define HAS_MALLINFO2 0
#endif

#if HAS_MALLINFO2
#include "clock.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>

enum { RARELY = 10 /* times as long as it took is the time to the next */ };

/* Bytes.  Twice as much is kept; longer blocks are mapped, each for itself. */
static const size_t longest = 8 * 1024 * 1024;

static const size_t worth = 32 * 1024 * 1024;

static atomic_int_fast64_t due; /* ms: the next look */
static atomic_size_t kept; /* free after the last time, but given back */

static bool is_due(int64_t now)
{
    int64_t when = atomic_load(&due);
    return now >= when
           && atomic_compare_exchange_strong(&due, &when, now + TRIM_AFTER);
}

bool trim_idle(void)
{
    int64_t now = clock_coarse_ms();
    if (!is_due(now))
        return false;
    size_t idle = mallinfo2().fordblks, before = atomic_load(&kept);
    if (idle < before)
        atomic_store(&kept, idle);
    if (idle < before + worth)
        return true;
    int64_t began = clock_ms();
    malloc_trim(0);
    atomic_store(&kept, mallinfo2().fordblks);
    int64_t rest = (clock_ms() - began) * RARELY;
    atomic_store(&due, now + (rest > TRIM_AFTER ? rest : TRIM_AFTER));
    return true;
}

void trim_less(void)
{
    void *volatile block = malloc(longest); /* or compilers see through it */
    free(block);
}

#else
bool trim_idle(void)
{
    return true;
}

void trim_less(void)
{
}
#endif
