/* loan.h - chunks whose bytes Python has lent: sent without a copy.
 *
 * The last reference may be dropped by a thread that must not touch Python.
 * So a loan that is over goes to a list, and Python takes the tokens from
 * there whenever it passes by.  There is one list for the process: chunks may
 * outlive the hub and the loop that they were lent to.  It has no lock that a
 * fork could leave locked.
 */
#ifndef LOAN_H
#define LOAN_H
#include "chunk.h"

#include <stdint.h>

/* With one reference; NULL when there is no memory. */
struct chunk *loan_new(const void *data, size_t size, int64_t token);

/* The token; 0 of a chunk that is not lent. */
int64_t loan_token(const struct chunk *chunk);

/* Nobody needs the bytes any more. */
void loan_return(struct chunk *chunk);

#endif
