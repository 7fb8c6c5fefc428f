/* loan.h - loans: chunks whose bytes belong to Python, to be sent without a
 * copy.
 *
 * A token says what was lent.  It is a number that Python has chosen, or, if
 * negative, the address of an object to which the loan has a reference
 * (builtin.h).
 *
 * The last reference to a loan may be dropped by a thread that must not call
 * Python.  So a loan that is over is put on a list, and the next call from
 * Python takes the tokens from there.  There is one list for numbers and one
 * for objects.  They belong to the process, because chunks may outlive the hub
 * and the loop that they were lent to.  They have no lock, which a fork could
 * leave locked.
 */
#ifndef LOAN_H
#define LOAN_H
#include "chunk.h"

#include <stdint.h>

/* With one reference; NULL when there is no memory. */
struct chunk *loan_new(const void *data, size_t size, int64_t token);

/* The token, 0 if the chunk is not lent. */
int64_t loan_token(const struct chunk *chunk);

/* Takes back a loan that was not passed on.  NULL: nothing happens. */
void loan_cancel(struct chunk *chunk);

/* Ends a loan: nobody needs the bytes any more. */
void loan_return(struct chunk *chunk);

#endif
