/* borrow.c - callers that do the engines' work; see hub.h and engine.h
 *
 * A hand-over to another thread costs more than the system call it is for.  So
 * a caller writes to a connection that was idle, and reads while it waits.
 *
 * Not under traffic: there batches are worth more.  A connection is idle when
 * its engine found nothing to send, and either nothing was there to receive
 * since the last message (a request, or a reply), or that was long ago. */
#include "clock.h"
#include "engine.h"
#include "hub.h"

#include <errno.h>

enum { PUSH_MOST = 32768 }; /* bytes: what takes microseconds to write */

static bool may_push(struct hub *hub)
{
    bool light = hub->weight <= PUSH_MOST;
    hub->weight = 0;
    if (!light || hub->send_policy == PYMQ_SEND_TO_ALL)
        return false;
    int64_t now = clock_coarse_ms();
    if (!hub->starved && now == hub->pushed_at)
        return false;
    hub->starved = false;
    hub->pushed = true;
    hub->pushed_at = now;
    return true;
}

/* A forked child has the descriptors, too: its parent's connections are none
 * of its business. */
void hub_tell(struct hub *hub, struct pipe *pipe)
{
    if (!may_push(hub) || pipe->engine == NULL || loop_is_foreign(hub->loop)
        || !engine_push(pipe->engine, SIZE_MAX))
        queue_wake_reader(pipe->out);
}

bool hub_relieve(struct hub *hub, struct pipe *pipe)
{
    const struct engine *engine = pipe->engine;
    return engine != NULL && engine->sealing == NULL
           && !loop_is_foreign(hub->loop)
           && engine_push(pipe->engine, PUSH_MOST);
}

/* Threads come and go with their bells; an event loop's stays. */
static bool may_borrow(const struct hub *hub)
{
    bool polled = hub->reader != NULL ? hub->listeners > 0 : hub->polled;
    if (hub->has_fileno || polled || hub->takes_topics
        || hub->receive_policy == PYMQ_RECEIVE_NONE)
        return false;
    int count = 0;
    EACH_PIPE (pipe, hub)
        if (++count > HUB_LEASES)
            return false;
    return true;
}

/* Calls back for every engine of the hub. */
static void each_engine(struct hub *hub, void (*call)(struct engine *))
{
    EACH_PIPE (pipe, hub)
        if (pipe->engine != NULL)
            call(pipe->engine);
}

/* Who waits once is not worth the trouble. */
static bool waits_often(struct hub *hub)
{
    int64_t before = hub->waited_at;
    hub->waited_at = clock_coarse_ms();
    return hub->waited_at - before < LENT_FOR;
}

int hub_borrow(struct hub *hub, struct engine **engines, int *fds, bool ask)
{
    int count = 0;
    if (loop_is_foreign(hub->loop))
        return 0;
    if (!may_borrow(hub)) {
        hub_give_back(hub);
        return 0;
    }
    ask = ask && waits_often(hub);
    EACH_PIPE (pipe, hub) {
        if (pipe->engine == NULL)
            continue;
        hub->borrows = true;
        fds[count] = engine_borrow(pipe->engine, ask);
        if (fds[count] >= 0)
            engines[count++] = pipe->engine;
    }
    return count;
}

bool hub_pull(struct hub *hub)
{
    if (!hub->borrows || loop_is_foreign(hub->loop))
        return false;
    each_engine(hub, engine_try_pull);
    return atomic_load(&hub->box.news);
}

void hub_read(struct hub *hub)
{
    struct bell *bell = hub->reader;
    if (loop_is_foreign(hub->loop))
        return;
    if (!may_borrow(hub)) {
        hub_give_back(hub);
        return;
    }
    mailbox_unwatch(&hub->box, bell); /* nobody rings the reader's own bell */
    hub_pull(hub);
    (void)mailbox_watch(&hub->box, bell);
    hub_attend(hub); /* who was posted meanwhile can be posted again */
    bool ask = waits_often(hub);
    EACH_PIPE (pipe, hub)
        if (pipe->engine != NULL)
            engine_lend_to(pipe->engine, bell->poller, ask);
    hub->borrows = true;
}

void hub_give_back(struct hub *hub)
{
    if (hub->borrows)
        each_engine(hub, engine_give_back);
    hub->borrows = false;
}
