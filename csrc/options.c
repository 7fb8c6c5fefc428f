/* options.c - what may change while a hub lives; see hub.h */
#include "hub.h"

#include <errno.h>
#include <string.h>

/* VERBOSER is VERBOSE, and more: one level for both.  LAST_VALUE sets MANUAL. */
static void store(struct hub *hub, int option, int value)
{
    if (option <= PYMQ_RECV_HWM)
        hub->options[option] = value < 0 ? 0 : value;
    else if (option == PYMQ_VERBOSER)
        hub->options[PYMQ_VERBOSE] = value ? 2 : 0;
    else if (option == PYMQ_LAST_VALUE)
        hub->options[option] = hub->options[PYMQ_MANUAL] = value != 0;
    else
        hub->options[option] = value != 0;
}

void pymq_hub_set(pymq_hub *hub, int option, int value)
{
    if (option < PYMQ_SEND_HWM || option >= PYMQ_HUB_OPTIONS)
        return;
    pthread_mutex_lock(&hub->lock);
    store(hub, option, value);
    hub->refused = NULL; /* who waits may try again */
    EACH_PIPE (pipe, hub)
        pipe_set_marks(pipe);
    hub_wake(hub, ANY_NEWS);
    pthread_mutex_unlock(&hub->lock);
}

int pymq_hub_greet(pymq_hub *hub, const char *data, size_t size, int wanted)
{
    struct chunk *chunk = wanted ? chunk_new(size) : NULL;
    if (wanted && chunk == NULL)
        return -ENOMEM;
    if (chunk != NULL && size > 0)
        memcpy(chunk->data, data, size);
    pthread_mutex_lock(&hub->lock);
    struct chunk *before = hub->greeting;
    hub->greeting = chunk;
    pthread_mutex_unlock(&hub->lock);
    chunk_drop(before);
    return 0;
}

int hub_greet(const struct hub *hub, struct pipe *pipe)
{
    const struct chunk *greeting = hub->greeting;
    if (greeting == NULL)
        return 0;
    int result = queue_write(pipe->out, 0, greeting->data, greeting->size);
    if (result < 0)
        return result;
    queue_finish(pipe->out);
    queue_flush(pipe->out);
    return 0;
}
