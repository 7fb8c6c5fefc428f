/* events.c - see events.h */
#include "events.h"

#include <stdlib.h>

void events_init(struct events *events)
{
    pthread_mutex_init(&events->lock, NULL);
    events->first = NULL;
    events->last = &events->first;
    wakeup_init(&events->wakeup);
}

void events_fini(struct events *events)
{
    while (events->first != NULL) {
        struct event *event = events->first;
        events->first = event->next;
        free(event);
    }
    wakeup_fini(&events->wakeup);
    pthread_mutex_destroy(&events->lock);
}

void events_push(struct events *events, struct event *event, int kind,
                 int64_t pipe, int error)
{
    event->next = NULL;
    event->what = (pymq_event){kind, error, pipe};
    pthread_mutex_lock(&events->lock);
    *events->last = event;
    events->last = &event->next;
    wakeup_raise(&events->wakeup);
    pthread_mutex_unlock(&events->lock);
}

/* Removes the event that `*at` points at. */
static void unlink_event(struct events *events, struct event **at)
{
    struct event *event = *at;
    *at = event->next;
    if (event->next == NULL)
        events->last = at;
    free(event);
}

int events_take(struct events *events, pymq_event *into, int room)
{
    int count = 0;
    pthread_mutex_lock(&events->lock);
    while (count < room && events->first != NULL) {
        into[count++] = events->first->what;
        unlink_event(events, &events->first);
    }
    if (events->first == NULL)
        wakeup_clear(&events->wakeup);
    pthread_mutex_unlock(&events->lock);
    return count;
}

void events_nudge(struct events *events)
{
    pthread_mutex_lock(&events->lock);
    wakeup_raise(&events->wakeup);
    pthread_mutex_unlock(&events->lock);
}

int events_fileno(struct events *events)
{
    pthread_mutex_lock(&events->lock);
    int fd = wakeup_fd(&events->wakeup);
    pthread_mutex_unlock(&events->lock);
    return fd;
}

void events_forget_links(struct events *events, int64_t pipe)
{
    pthread_mutex_lock(&events->lock);
    struct event **at = &events->first;
    while (*at != NULL) {
        const pymq_event *what = &(*at)->what;
        if (what->pipe == pipe && what->kind == PYMQ_LINK_DOWN)
            unlink_event(events, at);
        else
            at = &(*at)->next;
    }
    pthread_mutex_unlock(&events->lock);
}

bool events_closing(struct events *events, int64_t pipe)
{
    bool found = false;
    pthread_mutex_lock(&events->lock);
    for (struct event *at = events->first; at != NULL; at = at->next)
        if (at->what.pipe == pipe && at->what.kind == PYMQ_PIPE_CLOSED)
            found = true;
    pthread_mutex_unlock(&events->lock);
    return found;
}
