/* trim.h - memory that was freed and that the allocator keeps.
 *
 * A burst of short messages leaves a heap of free blocks below a few that are
 * in use.  The allocator gives back only what is on top.  So a thread that has
 * nothing to do makes it give back the rest.  This is for glibc; other
 * allocators do so themselves.
 *
 * What is on top glibc gives back too soon: everything beyond 128 KiB, or
 * beyond twice the longest block that was ever mapped and unmapped.  A list of
 * messages is longer, so the pages of each list would be cleared anew, which
 * takes longer than to receive it.
 */
#ifndef TRIM_H
#define TRIM_H
#include <stdbool.h>

enum { TRIM_AFTER = 1000 /* ms between looks, and of idleness before one */ };

/* Call it from any thread that holds no lock.  Returns whether it looked,
 * which it does only now and then, since to give back takes some 0.4 ms for
 * each MiB. */
bool trim_idle(void);

/* For who receives such lists: makes glibc map and unmap a long block, which
 * raises that limit.  If the program has set a limit of its own, that stays.
 * Each of glibc's arenas, of which threads have one each, then keeps up to
 * 16 MiB, which nobody can make it give back; so others are left alone. */
void trim_less(void);

#endif
