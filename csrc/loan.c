/* loan.c - see loan.h */
#include "loan.h"

#include "pymq.h"

#include <stdlib.h>

struct loan {
    struct chunk chunk;
    int64_t token;
    struct loan *next;
};

enum { NUMBERS, OBJECTS, LISTS };

static _Atomic(struct loan *) returned[LISTS];

struct chunk *loan_new(const void *data, size_t size, int64_t token)
{
    struct loan *loan = calloc(1, sizeof *loan);
    if (loan == NULL)
        return NULL;
    atomic_init(&loan->chunk.refs, 1);
    loan->chunk.lent = loan->chunk.common = true;
    loan->chunk.size = loan->chunk.room = size;
    loan->chunk.data = (unsigned char *)(uintptr_t)data; /* only read */
    loan->token = token;
    return &loan->chunk;
}

int64_t loan_token(const struct chunk *chunk)
{
    return chunk->lent ? ((const struct loan *)chunk)->token : 0;
}

void loan_cancel(struct chunk *chunk)
{
    free(chunk); /* which is the loan's beginning */
}

void loan_return(struct chunk *chunk)
{
    struct loan *loan = (struct loan *)chunk;
    _Atomic(struct loan *) *list = &returned[loan->token < 0];
    loan->next = atomic_load(list);
    while (!atomic_compare_exchange_weak(list, &loan->next, loan))
        continue;
}

static int take(_Atomic(struct loan *) *list, int64_t *into, int room)
{
    int count = 0;
    if (atomic_load(list) == NULL)
        return 0;
    struct loan *loan = atomic_exchange(list, NULL);
    while (loan != NULL) {
        struct loan *next = loan->next;
        if (count < room) {
            into[count++] = loan->token;
            free(loan);
        } else {
            loan_return(&loan->chunk);
        }
        loan = next;
    }
    return count;
}

int pymq_take_returned(int64_t *into, int room)
{
    return take(&returned[NUMBERS], into, room);
}

int pymq_take_objects(int64_t *into, int room)
{
    return take(&returned[OBJECTS], into, room);
}
