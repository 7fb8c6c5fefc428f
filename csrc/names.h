/* names.h - routing ids of a hub's pipes, given by the peer or made up.
 *
 * All of it is under the hub's lock.
 */
#ifndef NAMES_H
#define NAMES_H
#include "table.h"

#include <stdbool.h>

struct pipe;

struct names {
    struct table table;
    uint32_t next; /* number of the next id that is made up */
};

void names_init(struct names *names);

/* Finds the pipe with that name, or NULL. */
struct pipe *names_find(const struct names *names, const void *name,
                        size_t size);

/* Gives a pipe its name; an empty name makes one up.  Returns 0, -EADDRINUSE,
 * -ENOMEM or, with `handover`, the id of the pipe that had the name and now
 * has one that is made up. */
int64_t names_claim(struct names *names, struct pipe *pipe, const void *name,
                    size_t size, bool handover);

/* Makes the pipe's name free for others.  The pipe keeps it for the messages
 * that are still to be received. */
void names_release(struct names *names, struct pipe *pipe);

#endif
