/* chunk.h - a block of bytes that queues share by counting references.
 *
 * Any thread may hold and drop.  Who may write where is the queue's affair.
 */
#ifndef CHUNK_H
#define CHUNK_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct chunk {
    atomic_uint refs;
    size_t size; /* bytes in data */
    unsigned char data[];
};

/* With one reference; NULL when there is no memory. */
struct chunk *chunk_new(size_t size);

struct chunk *chunk_hold(struct chunk *chunk);

void chunk_drop(struct chunk *chunk);

/* Whether the caller's reference is the only one. */
bool chunk_sole(struct chunk *chunk);

/* A chunk of another size with the same content, in place of one that the
 * caller alone holds; NULL when there is no memory, and the old one lives. */
struct chunk *chunk_resize(struct chunk *chunk, size_t size);

#endif
