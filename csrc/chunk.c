/* chunk.c - see chunk.h */
#include "chunk.h"

#include "codec.h"
#include "loan.h"
#include "pymq.h"
#include "spare.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    HUGE_PAGE = 2 * 1024 * 1024,
    HUGE_FROM = 2 * HUGE_PAGE /* so that one fits wherever the chunk begins */
};

/* The first touch of a page is a fault, which costs more than filling it. */
void chunk_expect(unsigned char *data, size_t size)
{
#ifdef MADV_HUGEPAGE
    uintptr_t mask = HUGE_PAGE - 1;
    uintptr_t begin = ((uintptr_t)data + mask) & ~mask;
    uintptr_t end = (uintptr_t)(data + size) & ~mask;
    if (size >= HUGE_FROM)
        madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
    (void)data, (void)size;
#endif
}

static struct chunk *settle(struct chunk *chunk, size_t size)
{
    if (chunk == NULL)
        return NULL;
    chunk->size = chunk->room = size;
    chunk->data = (unsigned char *)(chunk + 1);
    chunk_expect(chunk->data, size);
    return chunk;
}

static void begin(struct chunk *chunk, size_t size)
{
    atomic_init(&chunk->refs, 1);
    chunk->lent = chunk->common = false;
    chunk->size = size;
}

struct chunk *chunk_new(size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    struct chunk *chunk = size < SPARE_FROM ? NULL : spare_take(size);
    if (chunk == NULL)
        chunk = settle(malloc(sizeof *chunk + size), size);
    if (chunk != NULL)
        begin(chunk, size);
    return chunk;
}

struct chunk *chunk_frame(const void *body, size_t size, unsigned flags)
{
    struct chunk *chunk = chunk_new(frame_head(size) + size);
    if (chunk != NULL)
        frame_put(chunk->data, flags, body, size);
    return chunk;
}

struct chunk *chunk_hold(struct chunk *chunk)
{
    atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
    return chunk;
}

void chunk_drop(struct chunk *chunk)
{
    if (chunk == NULL || atomic_fetch_sub(&chunk->refs, 1) != 1)
        return;
    if (chunk->lent)
        loan_return(chunk);
    else if (chunk->room < SPARE_FROM || !spare_keep(chunk))
        free(chunk);
}

void pymq_copy(char *to, const char *from, size_t size)
{
    chunk_expect((unsigned char *)to, size);
    memcpy(to, from, size);
}

bool chunk_sole(struct chunk *chunk)
{
    return atomic_load(&chunk->refs) == 1;
}

struct chunk *chunk_resize(struct chunk *chunk, size_t size)
{
    if (size <= chunk->room) {
        chunk->size = size;
        return chunk;
    }
    if (size > SIZE_MAX / 2)
        return NULL;
    struct chunk *spare = size < SPARE_FROM ? NULL : spare_take(size);
    if (spare == NULL)
        return settle(realloc(chunk, sizeof *chunk + size), size);
    begin(spare, size);
    memcpy(spare->data, chunk->data, chunk->size);
    chunk_drop(chunk);
    return spare;
}
