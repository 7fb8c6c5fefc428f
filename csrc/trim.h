/* trim.h - memory that was freed, and that the allocator keeps.
 *
 * A burst of short messages leaves a heap of free blocks below a few that are
 * in use, and the allocator gives back what is on top only.  Who has nothing
 * to do has it give back the rest.  glibc; others' allocators do so.
 */
#ifndef TRIM_H
#define TRIM_H
#include <stdbool.h>

enum { TRIM_AFTER = 1000 /* ms between looks, and without work before one */ };

/* Any thread that holds no lock; whether it looked.  It does so now and then
 * only, but giving back takes some 0.4 ms for each MiB. */
bool trim_idle(void);

#endif
