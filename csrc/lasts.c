/* lasts.c - see lasts.h */
#include "lasts.h"

#include "codec.h"

#include <stdlib.h>
#include <string.h>

struct last {
    struct list node;
    struct entry *entry;
    struct chunk **frames;
    size_t count;
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

static void forget(struct lasts *lasts, struct last *last)
{
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
    if (!grow(lasts))
        return false;
    struct chunk *chunk = chunk_new(frame_head(size) + size);
    if (chunk == NULL)
        return false;
    size_t head = frame_put_head(chunk->data, more ? FRAME_MORE : 0, size);
    if (size > 0)
        memcpy(chunk->data + head, data, size);
    lasts->frames[lasts->count++] = chunk;
    return true;
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
    if (last->entry == NULL)
        list_init(&last->node);
    last->entry = entry;
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

void lasts_visit(const struct lasts *lasts, const unsigned char *prefix,
                 size_t size, lasts_found *found, void *context)
{
    struct list *at = lasts->order.next;
    for (; at != &lasts->order; at = at->next) {
        struct last *last = OWNER(at, struct last, node);
        const unsigned char *topic = table_key(&lasts->table, last->entry);
        size_t length = last->entry->size;
        if (length >= size && (size == 0 || memcmp(topic, prefix, size) == 0))
            found(context, topic, length, last->frames, last->count);
    }
}
