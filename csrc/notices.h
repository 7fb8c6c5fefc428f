/* notices.h - what an XPUB gives its user: changes of subscriptions, and
 * peers' own messages, in the order in which they arrived.
 *
 * It is a queue of which the hub is both the writer and the reader.  In front
 * of each message there is a header that says which pipe it is from.  All of
 * it is under the hub's lock.
 */
#ifndef NOTICES_H
#define NOTICES_H
#include "codec.h"
#include "queue.h"

#include <stdbool.h>

struct pipe;

struct notices {
    struct queue *queue; /* made when first needed, NULL before */
};

void notices_fini(struct notices *notices);

/* Adds a notice: one frame, 01 or 00 and the topic. */
int notices_add(struct notices *notices, struct pipe *pipe, bool subscribe,
                const void *topic, size_t size);

/* Adds a message, which is about a pipe or from its user: begin, then frames,
 * then end; or abandon it. */
int notices_begin(struct notices *notices, struct pipe *pipe, bool of_user);
int notices_frame(struct notices *notices, const void *data, size_t size,
                  bool more);
void notices_end(struct notices *notices);
void notices_abandon(struct notices *notices, struct pipe *pipe);

bool notices_readable(struct notices *notices);

/* Takes the header of the next message.  Returns its pipe, held for the
 * caller, and whether the pipe's user wrote it. */
struct pipe *notices_open(struct notices *notices, bool *of_user);

#endif
