/* stock.h - a stock of Python objects for long bodies that are still to come.
 *
 * A long body is copied from its chunk into a Python object.  For every
 * message that is as much memory traffic again as to receive it.  In a stream
 * of bodies of one size, the object for the next body can be made in advance,
 * while Python is there.  The engine then reads directly into it.
 *
 * Of the longest bodies the memory is kept, too: otherwise it would be mapped
 * for each object, and cleared by the system.  So C has a reference to the
 * objects that users got last, and takes one for the next body when only C
 * refers to it any more.
 *
 * The stock keeps its size until two bodies of another size have come.  Any
 * thread may call these.  There is no lock, which a fork could leave locked.
 */
#ifndef STOCK_H
#define STOCK_H
#include "chunk.h"

#include <stdbool.h>
#include <stddef.h>

/* Takes an object of that size, as a loan (loan.h) that the caller fills; NULL
 * if there is none. */
struct chunk *stock_take(size_t size);

bool stock_empty(void);

/* Lets go of all objects, if none was needed since the last call, or if `all`.
 */
void stock_expire(bool all);

#endif
