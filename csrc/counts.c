/* counts.c - what has come and gone; see Counts in pymq/backend/counts.py */
#include "hub.h"

#include <string.h>

static int64_t look(const atomic_uint_fast64_t *counter)
{
    return (int64_t)atomic_load_explicit(counter, memory_order_relaxed);
}

static int64_t messages(const struct queue *queue)
{
    return look(&queue->finished) - look(&queue->commands);
}

/* The reader may be ahead of what the writer was seen to have written. */
static int64_t waiting(const struct queue *queue)
{
    int64_t read = look(&queue->read) - look(&queue->commands_read);
    int64_t left = messages(queue) - read - look(&queue->gone);
    if (queue->conflate)
        return left > 0;
    return left > 0 ? left : 0;
}

static void counts_add(pymq_counts *sum, const struct pipe *pipe)
{
    sum->peers++;
    sum->messages_in += messages(pipe->in);
    sum->bytes_in += look(&pipe->in->bytes);
    sum->waiting_in += waiting(pipe->in);
    sum->messages_out += messages(pipe->out);
    sum->bytes_out += look(&pipe->out->bytes);
    sum->waiting_out += waiting(pipe->out);
    sum->dropped += look(&pipe->out->lost) + (int64_t)pipe->missed;
}

void counts_keep(pymq_counts *past, const struct pipe *pipe)
{
    counts_add(past, pipe);
    past->peers = past->waiting_in = past->waiting_out = 0;
}

void pymq_hub_totals(pymq_hub *hub, pymq_counts *sum)
{
    pthread_mutex_lock(&hub->lock);
    hub_attend(hub);
    *sum = hub->past;
    EACH_PIPE (pipe, hub)
        counts_add(sum, pipe);
    pthread_mutex_unlock(&hub->lock);
}

static void describe(pymq_peer *peer, struct pipe *pipe)
{
    peer->pipe = pipe->id;
    peer->name[0] = 0;
    if (pipe->name != NULL) {
        peer->name[0] = (unsigned char)pipe->name->size;
        memcpy(peer->name + 1, pipe->name->bytes, pipe->name->size);
    }
    peer->since = (double)pipe->since / 1000;
    peer->connected =
        !pipe->closed && (pipe->joined || queue_has_reader(pipe->out));
    peer->counts = (pymq_counts){0};
    counts_add(&peer->counts, pipe);
}

int pymq_hub_peers(pymq_hub *hub, pymq_peer *into, int room)
{
    int count = 0;
    pthread_mutex_lock(&hub->lock);
    hub_attend(hub);
    EACH_PIPE (pipe, hub)
        if (count++ < room)
            describe(into + count - 1, pipe);
    pthread_mutex_unlock(&hub->lock);
    return count;
}
