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

#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

enum { RARELY = 10 /* times as long as it took is the time to the next */ };

/* Bytes.  Twice as much is kept; longer blocks are mapped, each for itself. */
static const size_t longest = 8 * 1024 * 1024;

static const int64_t worth = 32 * 1024 * 1024;

static atomic_int_fast64_t due; /* ms: the next look */
static atomic_int_fast64_t kept; /* beside blocks in use, at the least */

static bool is_due(int64_t now)
{
    int64_t when = atomic_load(&due);
    return now >= when
           && atomic_compare_exchange_strong(&due, &when, now + TRIM_AFTER);
}

/* Bytes of the process that are in memory, or 0 if nobody says. */
static int64_t resident(void)
{
    char text[64] = ""; /* "size resident ...", in pages */
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    char *second = text;
    if (length > 0)
        (void)strtoll(text, &second, 10);
    return strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE);
}

/* Bytes in memory that are no block in use.  Free ones alone would not tell:
 * what was given back stays free to the allocator, and so does what was used
 * and freed again since, which is in memory. */
static int64_t beside(const struct mallinfo2 *info)
{
    int64_t size = resident();
    if (size == 0)
        return (int64_t)info->fordblks;
    return size - (int64_t)info->uordblks;
}

bool trim_idle(void)
{
    int64_t now = clock_coarse_ms();
    if (!is_due(now))
        return false;
    struct mallinfo2 info = mallinfo2();
    int64_t size = beside(&info), before = atomic_load(&kept);
    if (size < before)
        atomic_store(&kept, size);
    if (size < before + worth || (int64_t)info.fordblks < worth)
        return true;
    int64_t began = clock_ms();
    malloc_trim(0);
    info = mallinfo2();
    atomic_store(&kept, beside(&info));
    int64_t rest = (clock_ms() - began) * RARELY;
    atomic_store(&due, now + (rest > TRIM_AFTER ? rest : TRIM_AFTER));
    return true;
}

void trim_less(void)
{
    static atomic_bool done;
    if (atomic_exchange(&done, true))
        return;
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
