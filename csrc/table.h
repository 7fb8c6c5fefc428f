/* table.h - a hash table of byte strings.
 *
 * It uses open addressing over pointers to entries.  The hash is a polynomial
 * over the bytes, modulo a prime, at a secret random point.  So strings that a
 * peer has chosen collide only by chance; and one pass over a message gives
 * the hashes of all its prefixes (topics.c).  The owner locks.
 */
#ifndef TABLE_H
#define TABLE_H
#include <stddef.h>
#include <stdint.h>

/* Value and key have one allocation.  Of a million entries, a second
 * allocation for each would take more memory than the keys. */
struct entry {
    uint32_t hash;
    uint32_t size;                            /* of the key */
    _Alignas(uint64_t) unsigned char value[]; /* and then the key */
};

struct table {
    struct entry **slots;
    size_t room; /* a power of two, or 0 */
    size_t used;
    size_t value_size;
};

uint32_t hash_start(void);
uint32_t hash_add(uint32_t hash, unsigned char byte);
uint32_t hash_bytes(const void *key, size_t size);

void table_init(struct table *table, size_t value_size);
/* Frees the entries too. */
void table_fini(struct table *table);

struct entry *table_find(const struct table *table, const void *key,
                         size_t size);
/* The same of a key whose hash is known. */
struct entry *table_find_hash(const struct table *table, uint32_t hash,
                              const void *key, size_t size);

/* The key, of entry->size bytes. */
const unsigned char *table_key(const struct table *table,
                               const struct entry *entry);
void *entry_value(struct entry *entry);

/* Finds the entry of that key, or makes one with a value of zeros.  NULL when
 * there is no memory.  It does not move until it is removed. */
struct entry *table_add(struct table *table, const void *key, size_t size);

/* Removes and frees an entry.  The table shrinks with its content. */
void table_remove(struct table *table, struct entry *entry);

/* Returns the first entry at or after `*at`, and moves `*at` past it; NULL at
 * the end.  Start with *at = 0. */
struct entry *table_next(const struct table *table, size_t *at);

#endif
