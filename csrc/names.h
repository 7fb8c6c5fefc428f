/* names.h - routing ids of a hub's pipes, given by the peer or generated.
 *
 * The hub's lock guards all of it.
 */
#ifndef NAMES_H
#define NAMES_H
#include "table.h"

#include <stdbool.h>

struct pipe;

struct names {
    struct table table;
    uint32_t next; /* of the generated ids */
};

void names_init(struct names *names);

/* The pipe of that name, or NULL. */
struct pipe *names_find(const struct names *names, const void *name,
                        size_t size);

/* Names a pipe; an empty name asks for a generated one.  Returns 0,
 * -EADDRINUSE, -ENOMEM or, with `handover`, the id of the pipe that gave up
 * the name for a generated one. */
int64_t names_claim(struct names *names, struct pipe *pipe, const void *name,
                    size_t size, bool handover);

/* Frees the pipe's name, which the pipe still knows for what it has to be
 * read. */
void names_release(struct names *names, struct pipe *pipe);

#endif
