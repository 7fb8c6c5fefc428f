/* chunk.c - see chunk.h */
#include "chunk.h"

#include <stdint.h>
#include <stdlib.h>

struct chunk *chunk_new(size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    struct chunk *chunk = malloc(sizeof *chunk + size);
    if (chunk == NULL)
        return NULL;
    atomic_init(&chunk->refs, 1);
    chunk->size = size;
    return chunk;
}

struct chunk *chunk_hold(struct chunk *chunk)
{
    atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
    return chunk;
}

void chunk_drop(struct chunk *chunk)
{
    if (chunk != NULL && atomic_fetch_sub(&chunk->refs, 1) == 1)
        free(chunk);
}

bool chunk_sole(struct chunk *chunk)
{
    return atomic_load(&chunk->refs) == 1;
}

struct chunk *chunk_resize(struct chunk *chunk, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    chunk = realloc(chunk, sizeof *chunk + size);
    if (chunk != NULL)
        chunk->size = size;
    return chunk;
}
