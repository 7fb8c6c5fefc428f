/* events.h - what Python has to be told: links that went down, drained pipes.
 *
 * Any thread may call these.  The lock nests inside a queue's, because an
 * engine reports its end in the same step in which it lets go of the queue.
 */
#ifndef EVENTS_H
#define EVENTS_H
#include "pymq.h"
#include "wakeup.h"

#include <pthread.h>
#include <stdbool.h>

/* Allocated in advance, so that a report cannot fail. */
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

/* Adds an event, and takes over `event`. */
void events_push(struct events *events, struct event *event, int kind,
                 int64_t pipe, int error);

/* Stores and removes up to `room` events.  Returns how many. */
int events_take(struct events *events, pymq_event *into, int room);

/* A descriptor that is readable while there are events. */
int events_fileno(struct events *events);

/* Makes it readable although there may be no events. */
void events_nudge(struct events *events);

/* Removes events about a pipe's links that were not taken yet. */
void events_forget_links(struct events *events, int64_t pipe);

/* Whether there is a PYMQ_PIPE_CLOSED of this pipe that was not taken yet. */
bool events_closing(struct events *events, int64_t pipe);

#endif
