/* members.h - the pipes that hold a topic.
 *
 * The first member of a topic lies in its entry: most topics have one only.
 * All other members, of all topics, are in one hash table by topic and pipe,
 * and linked both ways: thousands that hold one topic cost no more each than
 * two do.  The owner locks.
 */
#ifndef MEMBERS_H
#define MEMBERS_H
#include "list.h"
#include "table.h"

#include <stdbool.h>

struct pipe;

/* One pipe's subscription of one topic. */
struct member {
    /* Of the same topic: of the first, the last one; of the last, the second. */
    struct member *next;
    struct list of_pipe; /* in pipe->topics */
    struct entry *entry;
    struct pipe *pipe;
};

struct members {
    struct table others; /* all but the first ones */
};

void members_init(struct members *members);
/* All must have been removed. */
void members_fini(struct members *members);

/* A pipe's membership of a topic, or NULL. */
struct member *members_find(const struct members *members,
                            struct entry *entry, const struct pipe *pipe);

/* Those of a topic in the order in which they came, as the pure backend has
 * them: the one behind a member, or NULL. */
static inline struct member *members_next(const struct member *first,
                                          const struct member *member)
{
    const struct member *last = first->next;
    if (member == last || last == NULL)
        return NULL;
    return member == first ? last->next : member->next;
}

/* Makes a pipe a member, if it is not one.  The value of an entry without
 * members is zeros.  0 or -ENOMEM. */
int members_add(struct members *members, struct entry *entry,
                struct pipe *pipe);

/* Whether that was the topic's last one; its value is then of no use. */
bool members_remove(struct members *members, struct member *member);

#endif
