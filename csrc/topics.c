/* topics.c - see topics.h */
#include "topics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct length {
    uint32_t size;
    size_t count; /* topics of that size */
};

void topics_init(struct topics *topics, size_t value_size)
{
    memset(topics, 0, sizeof *topics);
    table_init(&topics->table, value_size);
    members_init(&topics->members);
}

void topics_fini(struct topics *topics)
{
    table_fini(&topics->table);
    members_fini(&topics->members);
    free(topics->lengths);
    topics_init(topics, topics->table.value_size);
}

/* The index of a length, or where it would go. */
static size_t find_length(const struct topics *topics, uint32_t size)
{
    size_t low = 0, high = topics->lengths_used;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (topics->lengths[middle].size < size)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int add_length(struct topics *topics, uint32_t size)
{
    size_t at = find_length(topics, size);
    size_t used = topics->lengths_used;
    if (at < used && topics->lengths[at].size == size) {
        topics->lengths[at].count++;
        return 0;
    }
    if (used == topics->lengths_room) {
        size_t room = used ? used * 2 : 4;
        struct length *more = realloc(topics->lengths, room * sizeof *more);
        if (more == NULL)
            return -ENOMEM;
        topics->lengths = more;
        topics->lengths_room = room;
    }
    memmove(topics->lengths + at + 1, topics->lengths + at,
            (used - at) * sizeof *topics->lengths);
    topics->lengths[at] = (struct length){size, 1};
    topics->lengths_used++;
    return 0;
}

static void remove_length(struct topics *topics, uint32_t size)
{
    size_t at = find_length(topics, size);
    if (--topics->lengths[at].count > 0)
        return;
    topics->lengths_used--;
    memmove(topics->lengths + at, topics->lengths + at + 1,
            (topics->lengths_used - at) * sizeof *topics->lengths);
}

/* The entry of a topic, `*fresh` if it was made; NULL: no memory. */
static struct entry *add_topic(struct topics *topics, const void *topic,
                               size_t size, bool *fresh)
{
    size_t before = topics->table.used;
    struct entry *entry = table_add(&topics->table, topic, size);
    *fresh = topics->table.used > before;
    if (entry != NULL && *fresh && add_length(topics, entry->size) < 0) {
        table_remove(&topics->table, entry);
        return NULL;
    }
    return entry;
}

void topics_forget(struct topics *topics, struct entry *entry)
{
    remove_length(topics, entry->size);
    table_remove(&topics->table, entry);
}

int64_t topics_count_up(struct topics *topics, const void *topic,
                        size_t size)
{
    bool fresh;
    struct entry *entry = add_topic(topics, topic, size, &fresh);
    if (entry == NULL)
        return -ENOMEM;
    uint64_t *count = entry_value(entry);
    return (int64_t)++*count;
}

int64_t topics_count_down(struct topics *topics, const void *topic,
                          size_t size)
{
    struct entry *entry = table_find(&topics->table, topic, size);
    if (entry == NULL)
        return -1;
    uint64_t *count = entry_value(entry);
    int64_t left = (int64_t)--*count;
    if (left == 0)
        topics_forget(topics, entry);
    return left;
}

/* The next topic that is a prefix of the frame.  `*at` counts lengths,
 * `*done` and `*hash` are how far the frame was hashed. */
static struct entry *next_match(const struct topics *topics,
                                const unsigned char *frame, size_t size,
                                size_t *at, size_t *done, uint32_t *hash)
{
    for (; *at < topics->lengths_used; ++*at) {
        size_t wanted = topics->lengths[*at].size;
        if (wanted > size)
            return NULL;
        for (; *done < wanted; ++*done)
            *hash = hash_add(*hash, frame[*done]);
        struct entry *entry =
            table_find_hash(&topics->table, *hash, frame, wanted);
        if (entry != NULL) {
            ++*at;
            return entry;
        }
    }
    return NULL;
}

bool topics_match(const struct topics *topics, const unsigned char *frame,
                  size_t size)
{
    size_t at = 0, done = 0;
    if (topics->lengths_used > 0 && topics->lengths[0].size == 0)
        return true;
    uint32_t hash = hash_start();
    return next_match(topics, frame, size, &at, &done, &hash) != NULL;
}

bool topics_wanted(const struct topics *topics, const unsigned char *frame,
                   size_t size, const struct pipe *pipe)
{
    size_t at = 0, done = 0;
    uint32_t hash = hash_start();
    struct entry *entry;
    while ((entry = next_match(topics, frame, size, &at, &done, &hash)))
        if (members_find(&topics->members, entry, pipe) != NULL)
            return true;
    return false;
}

void topics_visit(const struct topics *topics, const unsigned char *frame,
                  size_t size, void (*found)(void *, struct pipe *),
                  void *context)
{
    size_t at = 0, done = 0;
    uint32_t hash = hash_start();
    struct entry *entry;
    while ((entry = next_match(topics, frame, size, &at, &done, &hash))) {
        const struct member *first = entry_value(entry);
        for (const struct member *member = first; member != NULL;
             member = members_next(first, member))
            found(context, member->pipe);
    }
}

int topics_join(struct topics *topics, const void *topic, size_t size,
                struct pipe *pipe)
{
    bool fresh;
    struct entry *entry = add_topic(topics, topic, size, &fresh);
    if (entry == NULL || members_add(&topics->members, entry, pipe) < 0)
        return -ENOMEM;
    return fresh;
}

int topics_leave(struct topics *topics, const void *topic, size_t size,
                 const struct pipe *pipe)
{
    struct entry *entry = table_find(&topics->table, topic, size);
    if (entry == NULL)
        return 1;
    struct member *member = members_find(&topics->members, entry, pipe);
    if (member == NULL || !members_remove(&topics->members, member))
        return 0;
    topics_forget(topics, entry);
    return 1;
}
