/* topics.h - subscriptions: which topics are wanted, and by whom.
 *
 * A topic matches a message if it is a prefix of the first frame.  Instead of
 * walking a trie, the prefixes of the frame are looked up in a hash table,
 * only at the lengths that some topic has.  So there is no depth and no
 * recursion.
 *
 * A subscriber counts its own topics; a publisher keeps a set of pipes for
 * each topic.  The struct serves both, but never both at once.  The owner
 * locks.
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

/* The value of a topic is a uint64_t that counts, or a struct member. */
void topics_init(struct topics *topics, size_t value_size);
/* All members must have been removed. */
void topics_fini(struct topics *topics);

/* For a subscriber: its own topics. */

/* Adds one.  Returns how often the topic is subscribed now, or -ENOMEM. */
int64_t topics_count_up(struct topics *topics, const void *topic,
                        size_t size);
/* Takes one away.  Returns how often it still is subscribed, -1 if it was not.
 */
int64_t topics_count_down(struct topics *topics, const void *topic,
                          size_t size);
/* Whether some topic is a prefix of the frame. */
bool topics_match(const struct topics *topics, const unsigned char *frame,
                  size_t size);

/* For a publisher: its peers' topics. */

/* Adds a pipe to a topic's set; it is no error if it is there already.
 * Returns 1 if the topic was new, 0 if not, or -ENOMEM. */
int topics_join(struct topics *topics, const void *topic, size_t size,
                struct pipe *pipe);
/* Takes a pipe out of a topic's set.  Returns 1 if no pipe has the topic now
 * (or none had), else 0. */
int topics_leave(struct topics *topics, const void *topic, size_t size,
                 const struct pipe *pipe);
/* Removes a topic that has no members any more. */
void topics_forget(struct topics *topics, struct entry *entry);

/* Whether the pipe has a topic that is a prefix of the frame. */
bool topics_wanted(const struct topics *topics, const unsigned char *frame,
                   size_t size, const struct pipe *pipe);
/* Calls back for every member whose topic is a prefix of the frame.  A pipe
 * with several such topics comes several times. */
void topics_visit(const struct topics *topics, const unsigned char *frame,
                  size_t size, void (*found)(void *, struct pipe *),
                  void *context);

#endif
