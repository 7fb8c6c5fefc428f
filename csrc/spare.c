/* spare.c - see spare.h */
#include "spare.h"

#include "clock.h"
#include "stock.h"

#include <stdint.h>
#include <stdlib.h>

enum {
    PLACES = 64,
    WASTE = 4 /* a chunk may be larger than wanted by this part of it */
};

/* Together; enough for a stream of the largest messages that are common. */
static const size_t bytes_max = 256 * 1024 * 1024;

static _Atomic(struct chunk *) places[PLACES];
static atomic_size_t bytes;
static atomic_uint turn;
static atomic_int threads;
static atomic_bool used; /* since the last look */
static atomic_int_fast64_t looked;

static bool fits(const struct chunk *chunk, size_t size)
{
    return chunk->room >= size && chunk->room - chunk->room / WASTE <= size;
}

static void discard(struct chunk *chunk)
{
    if (chunk != NULL)
        atomic_fetch_sub(&bytes, chunk->room);
    free(chunk);
}

static bool put(int place, struct chunk *chunk)
{
    struct chunk *none = NULL;
    return atomic_compare_exchange_strong(&places[place], &none, chunk);
}

/* Only who has taken a chunk out may look at it. */
struct chunk *spare_take(size_t size)
{
    for (int i = 0; i < PLACES && atomic_load(&bytes) >= size; i++) {
        if (atomic_load_explicit(&places[i], memory_order_relaxed) == NULL)
            continue;
        struct chunk *chunk = atomic_exchange(&places[i], NULL);
        if (chunk == NULL)
            continue;
        if (fits(chunk, size)) {
            atomic_fetch_sub(&bytes, chunk->room);
            atomic_store(&used, true);
            return chunk;
        }
        if (!put(i, chunk))
            discard(chunk);
    }
    return NULL;
}

bool spare_keep(struct chunk *chunk)
{
    if (atomic_load(&threads) == 0 || chunk->room > bytes_max)
        return false;
    if (atomic_fetch_add(&bytes, chunk->room) > bytes_max - chunk->room) {
        atomic_fetch_sub(&bytes, chunk->room);
        return false;
    }
    for (int i = 0; i < PLACES; i++)
        if (put(i, chunk))
            return true;
    /* Others' sizes: they make place, one after the other. */
    unsigned oldest = atomic_fetch_add(&turn, 1) % PLACES;
    discard(atomic_exchange(&places[oldest], chunk));
    return true;
}

bool spare_attended(void)
{
    return atomic_load(&threads) > 0;
}

static void discard_all(void)
{
    for (int i = 0; i < PLACES; i++)
        discard(atomic_exchange(&places[i], NULL));
}

void spare_thread(int change)
{
    if (atomic_fetch_add(&threads, change) + change != 0)
        return;
    discard_all();
    stock_expire(true);
}

bool spare_expire(void)
{
    if (atomic_load(&bytes) == 0 && stock_empty())
        return false;
    int64_t now = clock_ms();
    int64_t before = atomic_load(&looked);
    if (now - before < SPARE_TIME
        || !atomic_compare_exchange_strong(&looked, &before, now))
        return true;
    if (!atomic_exchange(&used, false))
        discard_all();
    stock_expire(false);
    return atomic_load(&bytes) > 0 || !stock_empty();
}
