/* overflow.c - what is done with a message that there is no room for, instead
 * of waiting; see Hub.lose and Hub.make_room in abc.py */
#include "engine.h"
#include "hub.h"

/* What waits for the kernel, or for a link: here an engine is the reader. */
static bool cut_output(struct pipe *pipe)
{
    struct queue *out = pipe->out;
    struct engine *engine = pipe->engine;
    if (engine == NULL)
        return queue_cut(out, out->head);
    pthread_mutex_lock(&engine->drive);
    struct place at = out->head;
    if (!engine->ended && engine->out == out)
        engine_in_hand(engine, &at);
    bool cut = queue_cut(out, at);
    engine_release(engine);
    return cut;
}

/* Over inproc the far hub is the reader, and has the message that its user is
 * receiving.  Both locks are held. */
static bool cut_input(struct pipe *far)
{
    struct hub *hub = far->hub;
    struct place at = far->in->head;
    if (hub->receiving && hub->source == far)
        queue_pass_message(far->in, &at);
    return queue_cut(far->in, at);
}

/* The pipe that reads what a joined pipe writes, held; or NULL.  While it is the
 * queue's reader its hub holds it. */
static struct pipe *hold_far(const struct pipe *pipe)
{
    struct queue *out = pipe->out;
    pthread_mutex_lock(&out->lock);
    struct pipe *far = NULL;
    if (out->reader != NULL)
        far = pipe_hold(OWNER(out->reader, struct pipe, end));
    pthread_mutex_unlock(&out->lock);
    return far;
}

/* The hub's lock is given up in between: locks of two hubs have an order. */
static bool cut_joined(struct hub *hub, struct pipe *pipe)
{
    struct pipe *far = hold_far(pipe);
    if (far == NULL)
        return false;
    struct hub *other = far->hub;
    pthread_mutex_unlock(&hub->lock);
    hub_lock_both(hub, other);
    bool there = !pipe->closed && list_linked(&far->in_hub);
    bool cut = there && cut_input(far);
    if (other != hub)
        pthread_mutex_unlock(&other->lock);
    pipe_release(far);
    return cut;
}

static uint64_t lost(const struct pipe *pipe)
{
    return atomic_load(&pipe->out->lost);
}

/* The pipe that a send was refused for; where any would do, they take turns. */
static struct pipe *full_pipe(const struct hub *hub)
{
    struct pipe *found = hub->refused;
    if (hub->send_policy == PYMQ_SEND_TO_ALL)
        return found;
    EACH_PIPE (pipe, hub) {
        if (!pipe->closed && (found == NULL || lost(pipe) < lost(found)))
            found = pipe;
    }
    return found;
}

static bool make_room(struct hub *hub, struct pipe *pipe)
{
    bool cut = pipe->joined ? cut_joined(hub, pipe) : cut_output(pipe);
    if (cut && !pipe->closed && hub_sends_in_turn(hub)
        && !list_linked(&pipe->in_writable))
        list_append(&hub->writable, &pipe->in_writable);
    return cut;
}

int pymq_hub_make_room(pymq_hub *hub)
{
    hub_enter(hub);
    struct pipe *pipe = full_pipe(hub);
    bool cut = false;
    if (pipe != NULL) {
        pipe_hold(pipe);
        cut = make_room(hub, pipe);
        pipe_release(pipe);
    }
    pthread_mutex_unlock(&hub->lock);
    return cut;
}

void pymq_hub_lose(pymq_hub *hub, int more)
{
    pthread_mutex_lock(&hub->lock);
    hub->past.dropped++;
    hub->sending = more;
    hub->target = NULL;
    hub->lasts.skips = more;
    pthread_mutex_unlock(&hub->lock);
}
