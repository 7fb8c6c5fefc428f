/* counts.c - what has come and gone; see Counts in pymq/backend/counts.py */
#include "hub.h"

#include <string.h>

static int64_t look(const atomic_uint_fast64_t *counter)
{
    return (int64_t)atomic_load_explicit(counter, memory_order_relaxed);
}

/* Of so many that were written.  The reader may be ahead of what the writer
 * was seen to have written. */
static int64_t waiting(const struct queue *queue, int64_t written)
{
    int64_t read = look(&queue->read) - look(&queue->commands_read);
    int64_t left = written - read - look(&queue->gone);
    return left <= 0 ? 0 : queue->conflate ? 1 : left;
}

static void counts_add(pymq_counts *sum, const struct pipe *pipe)
{
    const struct queue *in = pipe->in, *out = pipe->out;
    int64_t received = look(&in->finished) - look(&in->commands);
    int64_t sent = look(&out->finished) - look(&out->commands);
    int64_t unread = waiting(in, received);
    sum->peers += !pipe->closed || unread > 0;
    sum->messages_in += received;
    sum->bytes_in += look(&in->bytes);
    sum->waiting_in += unread;
    sum->messages_out += sent;
    sum->bytes_out += look(&out->bytes);
    sum->waiting_out += waiting(out, sent);
    sum->dropped += look(&out->lost) + (int64_t)pipe->missed;
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
    pymq_counts all = hub->past; /* in registers */
    EACH_PIPE (pipe, hub)
        counts_add(&all, pipe);
    pthread_mutex_unlock(&hub->lock);
    *sum = all;
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
    pthread_mutex_lock(&hub->lock);
    hub_attend(hub);
    int count = hub->pipe_count;
    if (count <= room) {
        count = 0;
        EACH_PIPE (pipe, hub) {
            describe(&into[count], pipe);
            count += (int)into[count].counts.peers; /* not yet forgotten: 0 */
        }
    }
    pthread_mutex_unlock(&hub->lock);
    return count;
}
