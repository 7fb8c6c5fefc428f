/* trim.h - memory that was freed, and that the allocator keeps.
 *
 * A burst of short messages leaves a heap of free blocks below a few that are
 * in use, and the allocator gives back what is on top only.  Who has nothing
 * to do has it give back the rest.  glibc; others' allocators do so.
 *
 * What is on top it gives back too soon: all beyond 128 KiB, or beyond twice
 * the longest block that it ever mapped and was to unmap.  A list of messages
 * is longer, so each has its pages cleared anew, which takes longer than to
 * receive it.
 */
#ifndef TRIM_H
#define TRIM_H
#include <stdbool.h>

enum { TRIM_AFTER = 1000 /* ms between looks, and without work before one */ };

/* Any thread that holds no lock; whether it looked.  It does so now and then
 * only, but giving back takes some 0.4 ms for each MiB. */
bool trim_idle(void);

/* Has it see a long block come and go.  Programs that have set a limit of
 * their own keep it. */
void trim_less(void);

#endif
