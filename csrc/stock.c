/* stock.c - see stock.h */
#include "stock.h"

#include "loan.h"
#include "pymq.h"
#include "spare.h"

#include <errno.h>

enum { PLACES = 2 }; /* so that one is there while Python makes the next */

static _Atomic(struct chunk *) places[PLACES];
static _Atomic(struct chunk *) given[PYMQ_STOCK_GIVEN];
static atomic_size_t last;
static atomic_bool used; /* since the last look */

/* Only who has taken a chunk out may look at it. */
static struct chunk *take_from(_Atomic(struct chunk *) *place)
{
    if (atomic_load_explicit(place, memory_order_relaxed) == NULL)
        return NULL;
    return atomic_exchange(place, NULL);
}

static struct chunk *take_out(int place)
{
    return take_from(&places[place]);
}

static bool put_back(int place, struct chunk *chunk)
{
    struct chunk *none = NULL;
    return atomic_compare_exchange_strong(&places[place], &none, chunk);
}

struct chunk *stock_take(size_t size)
{
    for (int i = 0; i < PLACES; i++) {
        struct chunk *chunk = take_out(i);
        if (chunk != NULL && chunk->size == size) {
            atomic_store(&used, true);
            return chunk;
        }
        if (chunk != NULL && !put_back(i, chunk))
            chunk_drop(chunk);
    }
    return NULL;
}

bool stock_empty(void)
{
    bool empty = true;
    for (int i = 0; i < PLACES; i++)
        empty = empty && atomic_load(&places[i]) == NULL;
    for (int i = 0; i < PYMQ_STOCK_GIVEN; i++)
        empty = empty && atomic_load(&given[i]) == NULL;
    return empty;
}

void stock_expire(bool all)
{
    if (atomic_exchange(&used, false) && !all)
        return;
    for (int i = 0; i < PLACES; i++)
        chunk_drop(take_out(i));
    for (int i = 0; i < PYMQ_STOCK_GIVEN; i++)
        chunk_drop(take_from(&given[i]));
}

int pymq_stock_give(int place, char *data, size_t size, int64_t token)
{
    struct chunk *chunk =
        spare_attended() ? loan_new(data, size, token) : NULL;
    if (chunk == NULL)
        return -ENOMEM;
    chunk_drop(atomic_exchange(&given[place], chunk));
    atomic_store(&used, true);
    return 0;
}

int64_t pymq_stock_given(int place, size_t *size)
{
    struct chunk *chunk = take_from(&given[place]);
    if (chunk == NULL)
        return 0;
    int64_t token = loan_token(chunk);
    *size = chunk->size;
    loan_cancel(chunk);
    return token;
}

int pymq_stock_wants(size_t size)
{
    if (size < PYMQ_STOCK_FROM || !spare_attended())
        return 0;
    bool again = atomic_exchange(&last, size) == size;
    for (int i = 0; i < PLACES; i++) {
        struct chunk *chunk = take_out(i);
        if (chunk == NULL)
            return 1;
        if ((chunk->size == size || !again) && put_back(i, chunk))
            continue;
        chunk_drop(chunk);
        return 1;
    }
    return 0;
}

int pymq_stock_add(char *data, size_t size, int64_t token)
{
    struct chunk *chunk = loan_new(data, size, token);
    if (chunk == NULL)
        return -ENOMEM;
    chunk_expect((unsigned char *)data, size);
    for (int i = 0; i < PLACES; i++)
        if (put_back(i, chunk)) {
            atomic_store(&used, true);
            return 0;
        }
    chunk_drop(chunk);
    return 0;
}
