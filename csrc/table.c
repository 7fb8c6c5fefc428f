/* table.c - see table.h */
#include "table.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PRIME 0x7fffffffu /* 2^31 - 1: the remainder takes no division */

enum { LEAST_ROOM = 8 };

static uint32_t point;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose_point(void)
{
    uint32_t random = (uint32_t)time(NULL) ^ (uint32_t)getpid();
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t done = read(fd, &random, sizeof random);
        (void)done; /* what is there will do */
        close(fd);
    }
    point = random % (PRIME - 1024) + 512;
}

static uint32_t reduce(uint64_t number)
{
    number = (number & PRIME) + (number >> 31);
    return (uint32_t)(number >= PRIME ? number - PRIME : number);
}

uint32_t hash_start(void)
{
    pthread_once(&once, choose_point);
    return 1;
}

uint32_t hash_add(uint32_t hash, unsigned char byte)
{
    return reduce((uint64_t)hash * point + byte + 1);
}

uint32_t hash_bytes(const void *key, size_t size)
{
    const unsigned char *bytes = key;
    uint32_t hash = hash_start();
    for (size_t i = 0; i < size; i++)
        hash = hash_add(hash, bytes[i]);
    return hash;
}

void table_init(struct table *table, size_t value_size)
{
    *table = (struct table){.value_size = value_size};
}

void table_fini(struct table *table)
{
    for (size_t i = 0; i < table->room; i++)
        free(table->slots[i]);
    free(table->slots);
    table_init(table, table->value_size);
}

void *entry_value(struct entry *entry)
{
    return entry->value;
}

const unsigned char *table_key(const struct table *table,
                               const struct entry *entry)
{
    return entry->value + table->value_size;
}

/* Neighbouring hashes (topics that differ in the last byte) are spread. */
static size_t home(const struct table *table, uint32_t hash)
{
    uint64_t mixed = hash * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 32) & (table->room - 1);
}

struct entry *table_find_hash(const struct table *table, uint32_t hash,
                              const void *key, size_t size)
{
    if (table->used == 0)
        return NULL;
    for (size_t i = home(table, hash);; i = (i + 1) & (table->room - 1)) {
        struct entry *entry = table->slots[i];
        if (entry == NULL)
            return NULL;
        if (entry->hash == hash && entry->size == size
            && (size == 0 || memcmp(table_key(table, entry), key, size) == 0))
            return entry;
    }
}

struct entry *table_find(const struct table *table, const void *key,
                         size_t size)
{
    return table_find_hash(table, hash_bytes(key, size), key, size);
}

static void place(struct table *table, struct entry *entry)
{
    size_t i = home(table, entry->hash);
    while (table->slots[i] != NULL)
        i = (i + 1) & (table->room - 1);
    table->slots[i] = entry;
}

static int resize(struct table *table, size_t room)
{
    struct table other = *table;
    other.room = room;
    other.slots = calloc(room, sizeof *other.slots);
    if (other.slots == NULL)
        return -1;
    for (size_t i = 0; i < table->room; i++)
        if (table->slots[i] != NULL)
            place(&other, table->slots[i]);
    free(table->slots);
    *table = other;
    return 0;
}

/* Room for one more: three quarters are used at most. */
static int grow(struct table *table)
{
    if ((table->used + 1) * 4 <= table->room * 3)
        return 0;
    return resize(table, table->room ? table->room * 2 : LEAST_ROOM);
}

/* Later than it grew, so that a few that come and go cost nothing. */
static void shrink(struct table *table)
{
    if (table->room > LEAST_ROOM && table->used * 8 < table->room)
        (void)resize(table, table->room / 2); /* no memory: it stays large */
}

struct entry *table_add(struct table *table, const void *key, size_t size)
{
    uint32_t hash = hash_bytes(key, size);
    struct entry *entry = table_find_hash(table, hash, key, size);
    if (entry != NULL)
        return entry;
    if (size > UINT32_MAX)
        return NULL;
    if (grow(table) < 0)
        return NULL;
    entry = malloc(sizeof *entry + table->value_size + size);
    if (entry == NULL)
        return NULL;
    entry->hash = hash;
    entry->size = (uint32_t)size;
    memset(entry->value, 0, table->value_size);
    if (size > 0)
        memcpy(entry->value + table->value_size, key, size);
    place(table, entry);
    table->used++;
    return entry;
}

/* Closes the gap, so that probing needs no tombstones. */
static void close_gap(struct table *table, size_t gap)
{
    size_t mask = table->room - 1;
    for (size_t i = (gap + 1) & mask; table->slots[i]; i = (i + 1) & mask) {
        size_t wanted = home(table, table->slots[i]->hash);
        if (((i - wanted) & mask) >= ((i - gap) & mask)) {
            table->slots[gap] = table->slots[i];
            gap = i;
        }
    }
    table->slots[gap] = NULL;
}

void table_remove(struct table *table, struct entry *entry)
{
    size_t i = home(table, entry->hash);
    while (table->slots[i] != entry)
        i = (i + 1) & (table->room - 1);
    close_gap(table, i);
    table->used--;
    free(entry);
    shrink(table);
}

struct entry *table_next(const struct table *table, size_t *at)
{
    while (*at < table->room) {
        struct entry *entry = table->slots[(*at)++];
        if (entry != NULL)
            return entry;
    }
    return NULL;
}
