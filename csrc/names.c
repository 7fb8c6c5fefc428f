/* names.c - see names.h */
#include "names.h"

#include "pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { GENERATED = 5 }; /* octets: 00 and a counter, as libzmq's */

void names_init(struct names *names)
{
    table_init(&names->table, sizeof(struct pipe *));
    /* A random start, so that ids of an earlier run are not met again. */
    unsigned char seed[4];
    uintptr_t address = (uintptr_t)names;
    memcpy(seed, &address, sizeof seed);
    names->next = hash_bytes(seed, sizeof seed);
}

struct pipe *names_find(const struct names *names, const void *name,
                        size_t size)
{
    if (size > NAME_MAX_SIZE)
        return NULL;
    struct entry *entry = table_find(&names->table, name, size);
    return entry ? *(struct pipe **)entry_value(entry) : NULL;
}

void names_release(struct names *names, struct pipe *pipe)
{
    const struct name *name = pipe->name;
    if (name == NULL || names_find(names, name->bytes, name->size) != pipe)
        return;
    table_remove(&names->table,
                 table_find(&names->table, name->bytes, name->size));
}

static int give(struct names *names, struct pipe *pipe, const void *bytes,
                size_t size)
{
    struct name *name = malloc(sizeof *name + size);
    struct entry *entry = name ? table_add(&names->table, bytes, size) : NULL;
    if (entry == NULL) {
        free(name);
        return -ENOMEM;
    }
    name->size = size;
    memcpy(name->bytes, bytes, size);
    struct pipe **holder = entry_value(entry);
    if (*holder != pipe)
        names_release(names, pipe);
    free(pipe->name);
    pipe->name = name;
    *holder = pipe;
    return 0;
}

static int give_generated(struct names *names, struct pipe *pipe)
{
    unsigned char id[GENERATED] = {0};
    do {
        octets_put(id + 1, 4, ++names->next);
    } while (names_find(names, id, sizeof id) != NULL);
    return give(names, pipe, id, sizeof id);
}

int64_t names_claim(struct names *names, struct pipe *pipe, const void *name,
                    size_t size, bool handover)
{
    if (size == 0)
        return give_generated(names, pipe);
    struct pipe *holder = names_find(names, name, size);
    if (holder == NULL || holder == pipe)
        return give(names, pipe, name, size);
    if (!handover)
        return -EADDRINUSE;
    int result = give_generated(names, holder);
    if (result == 0)
        result = give(names, pipe, name, size);
    return result < 0 ? result : holder->id;
}
