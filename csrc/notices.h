/* notices.h - what an XPUB has for its user: changes of subscriptions and
 * peers' own messages, in order of arrival.
 *
 * A queue both of whose ends are the hub's; each message in it is preceded by
 * a header that says whose it is.  The hub's lock guards it.
 */
#ifndef NOTICES_H
#define NOTICES_H
#include "codec.h"
#include "queue.h"

#include <stdbool.h>

struct pipe;

struct notices {
    struct queue *queue; /* made when first needed; NULL: not yet */
};

void notices_fini(struct notices *notices);

/* One message of one frame: 01 or 00 and the topic. */
int notices_add(struct notices *notices, struct pipe *pipe, bool subscribe,
                const void *topic, size_t size);

/* A message that is a pipe's, or of its user: begin, then frames, then end; or
 * abandon it. */
int notices_begin(struct notices *notices, struct pipe *pipe, bool of_user);
int notices_frame(struct notices *notices, const void *data, size_t size,
                  bool more);
void notices_end(struct notices *notices);
void notices_abandon(struct notices *notices, struct pipe *pipe);

bool notices_readable(struct notices *notices);

/* Takes the header of the next message: whose it is, held for the caller,
 * and whether the user of that pipe wrote it. */
struct pipe *notices_open(struct notices *notices, bool *of_user);

#endif
