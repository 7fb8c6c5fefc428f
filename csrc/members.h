/* members.h - the pipes that have subscribed to a topic.
 *
 * The first member of a topic lies in the topic's entry, because most topics
 * have only one.  All other members, of all topics, are in one hash table by
 * topic and pipe, and linked both ways.  So thousands of members of one topic
 * cost no more each than two.  The owner locks.
 */
#ifndef MEMBERS_H
#define MEMBERS_H
#include "list.h"
#include "table.h"

#include <stdbool.h>

struct pipe;

/* One pipe's subscription to one topic. */
struct member {
    /* Of the same topic.  The first points to the last, the last to the second:
     * so one can be added at the end. */
    struct member *next;
    struct list of_pipe; /* in pipe->topics */
    struct entry *entry;
    struct pipe *pipe;
};

struct members {
    struct table others; /* all but the first of each topic */
};

void members_init(struct members *members);
/* All members must have been removed. */
void members_fini(struct members *members);

/* Finds a pipe's subscription to a topic, or NULL. */
struct member *members_find(const struct members *members,
                            struct entry *entry, const struct pipe *pipe);

/* The member that came next to the same topic, or NULL.  Both backends serve
 * members in the order in which they came. */
static inline struct member *members_next(const struct member *first,
                                          const struct member *member)
{
    const struct member *last = first->next;
    if (member == last || last == NULL)
        return NULL;
    return member == first ? last->next : member->next;
}

/* Makes a pipe a member, if it is not one.  An entry without members must have
 * a value of zeros. 0 or -ENOMEM. */
int members_add(struct members *members, struct entry *entry,
                struct pipe *pipe);

/* Removes a member.  Returns whether it was the topic's last; the entry's
 * value is then no longer valid. */
bool members_remove(struct members *members, struct member *member);

#endif
