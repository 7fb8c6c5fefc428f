/* pipe.c - see pipe.h */
#include "pipe.h"

#include "clock.h"
#include "engine.h"
#include "hub.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_int_fast64_t last_id;

static void init_lists(struct pipe *pipe)
{
    list_init(&pipe->topics);
    table_init(&pipe->asked, 0);
    list_init(&pipe->in_hub);
    list_init(&pipe->in_writable);
    list_init(&pipe->in_readable);
    list_init(&pipe->in_targets);
    list_init(&pipe->in_held);
}

static void own_ends(struct pipe *pipe)
{
    queue_set_writer(pipe->out, &pipe->end);
    queue_set_reader(pipe->in, &pipe->end);
    if (pipe->hub->receive_policy == PYMQ_RECEIVE_NONE)
        queue_refuse(pipe->in);
}

static void pipe_destroy(struct pipe *pipe)
{
    if (pipe->out != NULL)
        queue_set_writer(pipe->out, NULL);
    if (pipe->in != NULL)
        queue_set_reader(pipe->in, NULL);
    mailbox_withdraw(&pipe->end);
    engine_drop(pipe->engine);
    queue_release(pipe->out);
    queue_release(pipe->in);
    table_fini(&pipe->asked);
    if (pipe->again != NULL)
        topics_fini(pipe->again);
    free(pipe->again);
    free(pipe->event);
    free(pipe->name);
    hub_drop(pipe->hub);
    free(pipe);
}

/* Subscriptions are no messages, of which the last one counts. */
static void set_conflating(struct pipe *pipe, bool conflate)
{
    struct hub *hub = pipe->hub;
    pipe->out->conflate = conflate && !hub->subscribes;
    pipe->in->conflate = conflate && !hub->takes_topics;
    hub->conflates = hub->conflates || pipe->in->conflate;
}

struct pipe *pipe_new(struct hub *hub, bool conflate)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL)
        return NULL;
    atomic_init(&pipe->refs, 1);
    pipe->id = atomic_fetch_add(&last_id, 1) + 1;
    pipe->hub = hub;
    atomic_fetch_add(&hub->refs, 1);
    init_lists(pipe);
    end_init(&pipe->end, &hub->box);
    pipe->out = queue_new();
    pipe->in = queue_new();
    pipe->event = malloc(sizeof *pipe->event);
    if (pipe->out == NULL || pipe->in == NULL || pipe->event == NULL) {
        pipe_destroy(pipe);
        return NULL;
    }
    set_conflating(pipe, conflate);
    own_ends(pipe);
    pipe_set_marks(pipe);
    return pipe;
}

struct pipe *pipe_hold(struct pipe *pipe)
{
    atomic_fetch_add(&pipe->refs, 1);
    return pipe;
}

void pipe_release(struct pipe *pipe)
{
    if (atomic_fetch_sub(&pipe->refs, 1) == 1)
        pipe_destroy(pipe);
}

void pipe_set_marks(struct pipe *pipe)
{
    const int *options = pipe->hub->options;
    int out = pipe->out->conflate ? 0 : options[PYMQ_SEND_HWM];
    int in = pipe->in->conflate ? 0 : options[PYMQ_RECV_HWM];
    queue_set_mark(pipe->out, WRITER_MARK, out);
    queue_set_mark(pipe->in, READER_MARK, in);
}

/* By kind of topic change, then by what the peer understands. */
static const struct {
    unsigned flags;
    size_t size;
    const char *intro;
} announcements[2][2] = {
    {{0, 1, "\0"}, {FRAME_COMMAND, 7, "\6CANCEL"}},
    {{0, 1, "\1"}, {FRAME_COMMAND, 10, "\11SUBSCRIBE"}},
};

static int announce(struct pipe *pipe, bool subscribe, const void *topic,
                    size_t size)
{
    bool commands = pipe->joined || pipe->minor > 0;
    return queue_announce(pipe->out, announcements[subscribe][commands].flags,
                          announcements[subscribe][commands].intro,
                          announcements[subscribe][commands].size, topic,
                          size);
}

void pipe_announce(struct pipe *pipe, bool subscribe, const void *topic,
                   size_t size)
{
    if (!pipe->closed && queue_has_reader(pipe->out))
        announce(pipe, subscribe, topic, size);
}

static int announce_all(struct pipe *pipe)
{
    size_t at = 0;
    struct entry *entry;
    const struct table *own = &pipe->hub->own.table;
    if (!pipe->hub->subscribes || pipe->closed)
        return 0;
    while ((entry = table_next(own, &at)) != NULL) {
        int result =
            announce(pipe, true, table_key(own, entry), entry->size);
        if (result < 0)
            return result;
    }
    return 0;
}

/* Where last messages are kept, who is there now is to get them, whoever was
 * there before. */
static int begin_again(struct pipe *pipe)
{
    if (pipe->again == NULL) {
        if (!pipe->linked || pipe->hub->lasts.limit == 0)
            return 0;
        pipe->again = calloc(1, sizeof *pipe->again);
        if (pipe->again == NULL)
            return -ENOMEM;
        topics_init(pipe->again, sizeof(uint64_t));
    }
    topics_fini(pipe->again);
    return 0;
}

static int attach(struct pipe *pipe, const pymq_link *link)
{
    if (pipe->joined)
        return -EINVAL;
    if (queue_has_reader(pipe->out))
        return -EBUSY;
    if (pipe->spent) {
        close(link->fd);
        return 0;
    }
    pipe->minor = link->minor;
    pipe->echoes = link->major == 3 && link->minor > 0;
    pipe->ttl = (unsigned)link->ping_ttl;
    pipe->probed = 0;
    atomic_store(&pipe->in->echo, 0);
    int result = begin_again(pipe);
    if (result == 0)
        result = announce_all(pipe);
    if (result < 0)
        return result;
    struct engine_link with = {.link = link,
                               .pipe = pipe->id,
                               .takes_topics = pipe->hub->takes_topics,
                               .subscribes = pipe->hub->subscribes};
    struct engine *engine;
    result =
        engine_start(pipe->hub->loop, &with, pipe->out, pipe->in, &engine);
    if (result < 0)
        return result;
    engine_drop(pipe->engine);
    pipe->engine = engine;
    pipe->linked = true;
    pipe->since = clock_real_ms();
    if (pipe->hub->subscribes)
        hub_wake(pipe->hub, HUB_IN); /* who waits until it is so, too */
    return 0;
}

/* One direction of a join: what `from` wrote is `to`'s to read. */
static void cross(struct pipe *from, struct pipe *to)
{
    bool conflate = from->out->conflate || to->in->conflate;
    from->out->conflate = conflate;
    to->hub->conflates = to->hub->conflates || conflate;
    queue_set_reader(to->in, NULL);
    queue_release(to->in);
    to->in = queue_hold(from->out);
}

/* What was queued before the join is there to read now.  A pipe that was
 * closed meanwhile has left its hub, and is done. */
static void catch_up(struct pipe *pipe)
{
    announce_all(pipe);
    if (pipe->hub->receive_policy == PYMQ_RECEIVE_NONE)
        queue_skip_all(pipe->in);
    if (list_linked(&pipe->in_hub))
        mailbox_post(&pipe->end);
    if (!pipe->closed)
        return;
    queue_close(pipe->out);
    queue_refuse(pipe->in);
    pipe->spent = true;
    struct event *event = pipe->event;
    pipe->event = NULL;
    events_push(loop_events(pipe->hub->loop), event, PYMQ_PIPE_CLOSED,
                pipe->id, 0);
}

static int join(struct pipe *pipe, struct pipe *other)
{
    if (pipe == other || pipe->linked || other->linked || pipe->spent
        || other->spent)
        return -EINVAL;
    cross(pipe, other);
    cross(other, pipe);
    struct pipe *both[] = {pipe, other};
    for (int i = 0; i < 2; i++) {
        both[i]->linked = both[i]->joined = true;
        both[i]->since = clock_real_ms();
        if (list_linked(&both[i]->in_hub))
            own_ends(both[i]);
        pipe_set_marks(both[i]);
    }
    for (int i = 0; i < 2; i++)
        catch_up(both[i]);
    return 0;
}

/* What arrived is not wanted, but for the rest of a message that is just
 * being received. */
static void drop_input(struct pipe *pipe)
{
    struct hub *hub = pipe->hub;
    if (hub->receiving && hub->source == pipe) {
        pipe->cut = true;
        return;
    }
    queue_skip_all(pipe->in);
    hub_forget(hub, pipe);
}

/* No engine is there: the hub reads the queue empty in its place. */
static void give_up(struct pipe *pipe)
{
    pipe->spent = true;
    atomic_fetch_add(&pipe->out->lost, queue_unread(pipe->out));
    queue_skip_all(pipe->out);
    events_forget_links(loop_events(pipe->hub->loop), pipe->id);
}

static int finish_output(struct pipe *pipe, bool drain)
{
    struct queue *out = pipe->out;
    if (pipe->joined || pipe->spent) {
        queue_close(out);
        pipe->spent = true;
        return 1;
    }
    bool sent = drain && pipe->engine != NULL && engine_hush(pipe->engine);
    pthread_mutex_lock(&out->lock);
    bool attached = out->reader != NULL, done = out->done;
    queue_close_locked(out, !drain);
    pthread_mutex_unlock(&out->lock);
    if (sent) {
        pipe->spent = true;
        return 1;
    }
    if (attached)
        return 0;
    if (done) {
        pipe->spent = true;
        return !events_closing(loop_events(pipe->hub->loop), pipe->id);
    }
    if (drain && queue_readable(out))
        return 0;
    give_up(pipe);
    return 1;
}

/* An engine is told once, of the output's end, when all is as it should be: it
 * would wake up for nothing, and be in our way. */
static void refuse_input(struct pipe *pipe)
{
    if (pipe->joined || !queue_has_reader(pipe->out))
        queue_refuse(pipe->in);
    else
        atomic_store(&pipe->in->refused, true);
}

int pipe_close(struct pipe *pipe, bool drain, bool keep_input)
{
    struct hub *hub = pipe->hub;
    if (!pipe->closed) {
        hub_end_pipe(hub, pipe);
        refuse_input(pipe);
    }
    if (!keep_input)
        drop_input(pipe);
    return finish_output(pipe, drain);
}

bool pipe_all_sent(struct pipe *pipe)
{
    return pipe->joined || queue_all_read(pipe->out);
}

/* Calls of Python. */

void pymq_pipe_release(pymq_pipe *pipe)
{
    if (!loop_is_foreign(pipe->hub->loop))
        pipe_release(pipe);
}

int64_t pymq_pipe_id(pymq_pipe *pipe)
{
    return pipe->id;
}

int64_t pymq_pipe_name(pymq_pipe *pipe, const char *name, size_t size,
                       int handover)
{
    struct hub *hub = pipe->hub;
    int64_t result = -EINVAL;
    hub_enter(hub);
    if (size <= NAME_MAX_SIZE && !pipe->closed)
        result = names_claim(&hub->names, pipe, name, size, handover);
    hub_wake(hub, HUB_OUT);
    pthread_mutex_unlock(&hub->lock);
    return result;
}

int64_t pymq_pipe_unsent(pymq_pipe *pipe, int64_t *lost)
{
    pthread_mutex_lock(&pipe->hub->lock);
    uint64_t waiting = pipe->joined ? 0 : queue_unread(pipe->out);
    uint64_t gone = atomic_load(&pipe->out->lost);
    if (atomic_load(&pipe->out->dropped)) {
        gone += waiting;
        waiting = 0;
    }
    pthread_mutex_unlock(&pipe->hub->lock);
    *lost = (int64_t)gone;
    return (int64_t)waiting;
}

int pymq_pipe_attach(pymq_pipe *pipe, const pymq_link *link)
{
    struct hub *hub = pipe->hub;
    pthread_mutex_lock(&hub->lock);
    int result = attach(pipe, link);
    pthread_mutex_unlock(&hub->lock);
    return result;
}

int pymq_pipe_join(pymq_pipe *pipe, pymq_pipe *other)
{
    struct hub *hub = pipe->hub, *far = other->hub;
    hub_lock_both(hub, far);
    int result = join(pipe, other);
    hub_attend(hub);
    hub_attend(far);
    pthread_mutex_unlock(&hub->lock);
    if (far != hub)
        pthread_mutex_unlock(&far->lock);
    return result;
}

int pymq_pipe_close(pymq_pipe *pipe, int drain, int keep_input)
{
    struct hub *hub = pipe->hub;
    if (loop_is_foreign(hub->loop))
        return 1;
    hub_enter(hub);
    int result = pipe_close(pipe, drain, keep_input);
    pthread_mutex_unlock(&hub->lock);
    return result;
}

int pymq_pipe_gone(pymq_pipe *pipe)
{
    struct hub *hub = pipe->hub;
    hub_enter(hub);
    int gone = !list_linked(&pipe->in_hub);
    pthread_mutex_unlock(&hub->lock);
    return gone;
}
