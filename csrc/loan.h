/* loan.h - chunks whose bytes Python has lent: sent without a copy.
 *
 * A token says what was lent: a number of Python's choice, or, negative, the
 * address of an object that the loan has a reference to (builtin.h).
 *
 * The last reference may be dropped by a thread that must not touch Python.
 * So a loan that is over goes to a list, and Python takes the tokens from
 * there whenever it passes by.  The lists, one for numbers and one for
 * objects, are the process's: chunks may outlive the hub and the loop that
 * they were lent to.  They have no lock that a fork could leave locked.
 */
#ifndef LOAN_H
#define LOAN_H
#include "chunk.h"

#include <stdint.h>

/* With one reference; NULL when there is no memory. */
struct chunk *loan_new(const void *data, size_t size, int64_t token);

/* The token; 0 of a chunk that is not lent. */
int64_t loan_token(const struct chunk *chunk);

/* Takes back a loan that nobody was given; NULL is none. */
void loan_cancel(struct chunk *chunk);

/* Nobody needs the bytes any more. */
void loan_return(struct chunk *chunk);

#endif
