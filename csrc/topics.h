/* topics.h - subscriptions: which prefixes are wanted, and by whom.
 *
 * A topic matches when it is a prefix of a message's first frame.  Instead of
 * walking a trie, the message's prefixes are looked up in a hash table, at
 * just those lengths that some topic has: no depth, no recursion.
 *
 * A subscriber counts its own topics; a publisher keeps a set of pipes for
 * each.  One struct serves either, never both.  The owner locks.
 */
#ifndef TOPICS_H
#define TOPICS_H
#include "members.h"
#include "table.h"

#include <stdbool.h>

struct pipe;

struct topics {
    struct table table;
    struct length *lengths; /* ascending */
    size_t lengths_used, lengths_room;
    struct members members;
};

/* What is kept of a topic: a uint64_t that counts, or a struct member. */
void topics_init(struct topics *topics, size_t value_size);
/* Every pipe's members must have been removed. */
void topics_fini(struct topics *topics);

/* A subscriber's own. */

/* How often the topic is subscribed now, or -ENOMEM. */
int64_t topics_count_up(struct topics *topics, const void *topic,
                        size_t size);
/* How often it still is; -1 if it was not. */
int64_t topics_count_down(struct topics *topics, const void *topic,
                          size_t size);
/* Whether some topic is a prefix of the frame. */
bool topics_match(const struct topics *topics, const unsigned char *frame,
                  size_t size);

/* A publisher's. */

/* Adds a pipe to a topic's set, whose other members are not counted twice:
 * 1 if the topic was new, 0 if not, or -ENOMEM. */
int topics_join(struct topics *topics, const void *topic, size_t size,
                struct pipe *pipe);
/* Takes a pipe out: 1 if nobody holds the topic now (or nobody did), else
 * 0. */
int topics_leave(struct topics *topics, const void *topic, size_t size,
                 const struct pipe *pipe);
/* Removes a topic that has no members any more. */
void topics_forget(struct topics *topics, struct entry *entry);

/* Whether the pipe holds a topic that is a prefix of the frame. */
bool topics_wanted(const struct topics *topics, const unsigned char *frame,
                   size_t size, const struct pipe *pipe);
/* Calls back for every member whose topic is a prefix of the frame; a pipe
 * with several such topics comes several times. */
void topics_visit(const struct topics *topics, const unsigned char *frame,
                  size_t size, void (*found)(void *, struct pipe *),
                  void *context);

#endif
