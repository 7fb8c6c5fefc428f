/* lasts.c - see lasts.h */
#include "lasts.h"

#include "codec.h"

#include <stdlib.h>
#include <string.h>

/* Also a node of a tree, in the order of topics; of a heap by weight, which is
 * as good as random, so that the tree is as good as balanced. */
struct last {
    struct list node;
    struct last *left, *right;
    struct entry *entry;
    struct chunk **frames;
    size_t count;
    uint64_t age;
};

void lasts_init(struct lasts *lasts)
{
    memset(lasts, 0, sizeof *lasts);
    table_init(&lasts->table, sizeof(struct last));
    list_init(&lasts->order);
}

static void free_frames(struct chunk **frames, size_t count)
{
    for (size_t i = 0; i < count; i++)
        chunk_drop(frames[i]);
    free(frames);
}

/* The tree. */

static uint64_t weight(const struct last *last)
{
    return last->entry->hash * UINT64_C(0x9e3779b97f4a7c15);
}

/* 0 if its topic begins so; negative if it comes before those that do. */
static int compare(const struct last *last, const unsigned char *prefix,
                   size_t size)
{
    size_t have = last->entry->size;
    size_t both = have < size ? have : size;
    int result = both ? memcmp(last->entry->value + sizeof *last, prefix, both)
                      : 0;
    return result != 0 || have >= size ? result : -1;
}

static bool before(const struct last *last, const struct last *other)
{
    return compare(last, other->entry->value + sizeof *other,
                   other->entry->size)
           < 0;
}

static void put_in(struct last **at, struct last *last)
{
    while (*at != NULL && weight(*at) >= weight(last))
        at = before(last, *at) ? &(*at)->left : &(*at)->right;
    struct last *rest = *at, **left = &last->left, **right = &last->right;
    *at = last;
    while (rest != NULL)
        if (before(rest, last)) {
            *left = rest;
            left = &rest->right;
            rest = *left;
        } else {
            *right = rest;
            right = &rest->left;
            rest = *right;
        }
    *left = *right = NULL;
}

static void take_out(struct last **at, struct last *last)
{
    while (*at != last)
        at = before(last, *at) ? &(*at)->left : &(*at)->right;
    struct last *left = last->left, *right = last->right;
    while (left != NULL && right != NULL)
        if (weight(left) >= weight(right)) {
            *at = left;
            at = &left->right;
            left = *at;
        } else {
            *at = right;
            at = &right->left;
            right = *at;
        }
    *at = left ? left : right;
}

/* How many topics begin so; puts them `to`, if that is not NULL. */
static size_t collect(struct last *last, const unsigned char *prefix,
                      size_t size, struct last **to)
{
    if (last == NULL)
        return 0;
    int side = compare(last, prefix, size);
    size_t count = side >= 0 ? collect(last->left, prefix, size, to) : 0;
    if (side == 0 && to != NULL)
        to[count] = last;
    count += side == 0;
    if (side <= 0)
        count += collect(last->right, prefix, size, to ? to + count : NULL);
    return count;
}

/* The messages. */

static void forget(struct lasts *lasts, struct last *last)
{
    take_out(&lasts->tree, last);
    list_remove(&last->node);
    free_frames(last->frames, last->count);
    table_remove(&lasts->table, last->entry);
}

void lasts_limit(struct lasts *lasts, size_t limit)
{
    lasts->limit = limit;
    while (lasts->table.used > limit)
        forget(lasts, OWNER(lasts->order.next, struct last, node));
}

void lasts_abandon(struct lasts *lasts)
{
    free_frames(lasts->frames, lasts->count);
    lasts->frames = NULL;
    lasts->count = lasts->room = 0;
    lasts->skips = false;
}

void lasts_fini(struct lasts *lasts)
{
    lasts_abandon(lasts);
    lasts_limit(lasts, 0);
    table_fini(&lasts->table);
}

static bool grow(struct lasts *lasts)
{
    if (lasts->count < lasts->room)
        return true;
    size_t room = lasts->room ? lasts->room * 2 : 2;
    struct chunk **more = realloc(lasts->frames, room * sizeof *more);
    if (more == NULL)
        return false;
    lasts->frames = more;
    lasts->room = room;
    return true;
}

static bool add_frame(struct lasts *lasts, const void *data, size_t size,
                      bool more)
{
    struct chunk *chunk =
        grow(lasts) ? chunk_frame(data, size, more ? FRAME_MORE : 0) : NULL;
    if (chunk != NULL)
        lasts->frames[lasts->count++] = chunk;
    return chunk != NULL;
}

static void finish(struct lasts *lasts)
{
    struct frame first;
    const struct chunk *chunk = lasts->frames[0];
    frame_parse(chunk->data, chunk->size, &first);
    struct entry *entry =
        table_add(&lasts->table, first.body, (size_t)first.size);
    if (entry == NULL)
        return;
    struct last *last = entry_value(entry);
    free_frames(last->frames, last->count);
    if (last->entry == NULL) {
        list_init(&last->node);
        last->entry = entry;
        put_in(&lasts->tree, last);
    }
    last->age = ++lasts->ages;
    last->frames = lasts->frames;
    last->count = lasts->count;
    list_move_last(&lasts->order, &last->node);
    lasts->frames = NULL;
    lasts->count = 0;
    lasts_limit(lasts, lasts->limit);
}

/* Without memory all is forgotten: an old message is worse than none. */
static void fail(struct lasts *lasts)
{
    size_t limit = lasts->limit;
    lasts_limit(lasts, 0);
    lasts->limit = limit;
    lasts->skips = true;
}

void lasts_add(struct lasts *lasts, const void *data, size_t size, bool more)
{
    if (!lasts->skips && !add_frame(lasts, data, size, more))
        fail(lasts);
    if (more)
        return;
    if (!lasts->skips)
        finish(lasts);
    lasts_abandon(lasts);
}

static int by_age(const void *one, const void *other)
{
    struct last *const *a = one, *const *b = other;
    return (*a)->age < (*b)->age ? -1 : 1;
}

void lasts_visit(const struct lasts *lasts, const unsigned char *prefix,
                 size_t size, lasts_found *found, void *context)
{
    size_t count = collect(lasts->tree, prefix, size, NULL);
    struct last **all = count ? malloc(count * sizeof(struct last *)) : NULL;
    if (all == NULL)
        return;
    collect(lasts->tree, prefix, size, all);
    qsort(all, count, sizeof(struct last *), by_age);
    for (size_t i = 0; i < count; i++)
        found(context, table_key(&lasts->table, all[i]->entry),
              all[i]->entry->size, all[i]->frames, all[i]->count);
    free(all);
}
