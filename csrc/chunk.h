/* chunk.h - a block of bytes that queues share by counting references.
 *
 * Any thread may hold and drop.  Who may write where is the queue's affair.
 * The bytes are the chunk's own, or lent by Python (loan.h).
 */
#ifndef CHUNK_H
#define CHUNK_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct chunk {
    atomic_uint refs;
    bool lent;   /* this is the head of a struct loan */
    bool common; /* several readers see these bytes */
    size_t size; /* bytes in data */
    size_t room; /* bytes there is memory for */
    unsigned char *data;
};

/* With one reference; NULL when there is no memory. */
struct chunk *chunk_new(size_t size);

/* The same, filled by a frame (codec.h). */
struct chunk *chunk_frame(const void *body, size_t size, unsigned flags);

struct chunk *chunk_hold(struct chunk *chunk);

void chunk_drop(struct chunk *chunk);

/* Whether the caller's reference is the only one. */
bool chunk_sole(struct chunk *chunk);

/* A chunk of another size with the same content, in place of one that the
 * caller alone holds; NULL when there is no memory, and the old one lives. */
struct chunk *chunk_resize(struct chunk *chunk, size_t size);

/* Tells the system that all of some fresh memory is going to be written. */
void chunk_expect(unsigned char *data, size_t size);

#endif
