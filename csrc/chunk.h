/* chunk.h - a chunk: a block of bytes with a reference count, which queues
 * share.
 *
 * Any thread may hold and drop it.  The queue says who may write where.  The
 * bytes are the chunk's own, or Python has lent them (loan.h).
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
    size_t room; /* bytes for which there is memory */
    unsigned char *data;
};

/* With one reference; NULL when there is no memory. */
struct chunk *chunk_new(size_t size);

/* A new chunk that one frame fills (codec.h). */
struct chunk *chunk_frame(const void *body, size_t size, unsigned flags);

struct chunk *chunk_hold(struct chunk *chunk);

void chunk_drop(struct chunk *chunk);

/* Whether the caller has the only reference. */
bool chunk_sole(struct chunk *chunk);

/* Replaces a chunk, to which the caller has the only reference, by one of
 * another size with the same content.  NULL when there is no memory; then the
 * old one is unchanged. */
struct chunk *chunk_resize(struct chunk *chunk, size_t size);

/* Tells the system that all of this fresh memory will be written. */
void chunk_expect(unsigned char *data, size_t size);

#endif
