/* probe.c - whether peers have all that was sent to them; see Hub.probe in
 * abc.py.
 *
 * A PING behind what was sent carries a number.  Its PONG comes when the peer
 * has read so far, and the engine notes it with the queue that it reads to. */
#include "hub.h"

static void ask(struct pipe *pipe, uint32_t number)
{
    static const char ping[] = {4, 'P', 'I', 'N', 'G'};
    unsigned char data[6];
    octets_put(data, 2, pipe->ttl);
    octets_put(data + 2, 4, number);
    if (queue_announce(pipe->out, FRAME_COMMAND, ping, sizeof ping, data,
                       sizeof data)
        == 0)
        pipe->probed = number;
}

static bool has_all(struct pipe *pipe, uint32_t number)
{
    if (pipe->closed || pipe->joined)
        return pipe->joined && !pipe->closed;
    if (!queue_has_reader(pipe->out))
        return false;
    if (!pipe->echoes)
        return pipe_all_sent(pipe);
    if (pipe->probed != number)
        ask(pipe, number);
    return atomic_load(&pipe->in->echo) == number;
}

int64_t pymq_hub_probe(pymq_hub *hub, uint32_t number)
{
    int64_t peers = 0;
    hub_enter(hub);
    EACH_PIPE (pipe, hub)
        peers += has_all(pipe, number);
    pthread_mutex_unlock(&hub->lock);
    return peers;
}
