/* stock.h - objects for long bodies that are still to come.
 *
 * A long body is copied from its chunk into an object of Python, once for
 * every message: as much memory traffic again as receiving it.  A stream of
 * bodies that are all of one size is different: what its next body goes to can
 * be made in advance, where there is Python, and the engine then reads to where
 * the receiver wants it.
 *
 * Of the very longest the memory is worth keeping as well: it would be mapped
 * anew for each object, and cleared by the system.  So C has a reference to
 * those that users got last; the next is what only C refers to any more.
 *
 * Other sizes stay until two bodies of a new one have come.  Any thread; no
 * lock, so that a fork cannot leave one locked.
 */
#ifndef STOCK_H
#define STOCK_H
#include "chunk.h"

#include <stdbool.h>
#include <stddef.h>

/* An object of that size, as a loan (loan.h), for the caller to fill; NULL if
 * there is none. */
struct chunk *stock_take(size_t size);

bool stock_empty(void);

/* Lets go of them, if none was needed since the last call or if `all`. */
void stock_expire(bool all);

#endif
