/* events.h - what Python must know: links that went down, drained pipes.
 *
 * Any thread.  The lock nests inside a queue's: an engine reports its end in
 * the same moment as it lets go of the queue.
 */
#ifndef EVENTS_H
#define EVENTS_H
#include "pymq.h"
#include "wakeup.h"

#include <pthread.h>
#include <stdbool.h>

/* Whoever may have to report allocates it in advance. */
struct event {
    struct event *next;
    pymq_event what;
};

struct events {
    pthread_mutex_t lock;
    struct event *first, **last;
    struct wakeup wakeup;
};

void events_init(struct events *events);
void events_fini(struct events *events);

/* Takes over `event`. */
void events_push(struct events *events, struct event *event, int kind,
                 int64_t pipe, int error);

/* Stores and removes up to `room` events; how many. */
int events_take(struct events *events, pymq_event *into, int room);

/* A descriptor that is readable while there are events. */
int events_fileno(struct events *events);

/* Has it readable although there may be none. */
void events_nudge(struct events *events);

/* Forgets what nobody took yet about a pipe's links. */
void events_forget_links(struct events *events, int64_t pipe);

/* Whether a PYMQ_PIPE_CLOSED of this pipe was not taken yet. */
bool events_closing(struct events *events, int64_t pipe);

#endif
