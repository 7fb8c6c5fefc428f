/* engine_in.c - from the descriptor to the pipe; see engine.h
 *
 * The kernel's bytes are read to where they stay: into the chunk that short
 * frames of the queue go to.  Frames for the queue are adopted where they
 * lie; what is not for it leaves a gap that later frames are moved over.
 * Only a long body may be read to where its receiver will have it (stock.h). */
#include "engine.h"

#include "stock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    READS = 4,            /* per turn, for fairness between engines */
    READ_MIN = 1024,      /* bytes of room worth a system call */
    READ_CHUNK = 262144,  /* bytes, for several frames of middling size */
    TRUSTED = 1024 * 1024 /* bytes, of a peer that never sent more */
};

/* Room. */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How much is allocated because a peer announced it. */
static size_t trusted(const struct engine *e)
{
    return e->largest > TRUSTED ? e->largest : TRUSTED;
}

/* A long frame has its chunk for itself, which grows with what arrives. */
static int grow(struct engine *e)
{
    struct queue *in = e->in;
    size_t size = in->fill->size;
    size = size * 2 > trusted(e) ? size * 2 : trusted(e);
    struct chunk *chunk = chunk_resize(in->fill, smaller(size, e->need));
    if (chunk == NULL)
        return -ENOMEM;
    in->fill = chunk;
    return 0;
}

/* Continues in another chunk, where what came of a frame is moved to. */
static int move_on(struct engine *e, size_t want)
{
    struct queue *in = e->in;
    size_t have = e->fill - e->scan;
    if (want > CHUNK_OWN && want < READ_CHUNK / 2)
        want = READ_CHUNK;
    struct chunk *chunk = queue_new_chunk(in, smaller(want, trusted(e)));
    if (chunk == NULL)
        return -ENOMEM;
    if (have > 0)
        memcpy(chunk->data, in->fill->data + e->scan, have);
    queue_set_fill(in, chunk);
    e->scan = 0;
    e->fill = have;
    return 0;
}

static int make_room(struct engine *e)
{
    struct queue *in = e->in;
    size_t have = e->fill - e->scan;
    if (have == 0)
        e->scan = e->fill = in->fill_at;
    size_t want = e->need > 0 ? e->need : have + READ_MIN;
    if (in->fill != NULL && want <= in->fill->size - e->scan)
        return 0;
    bool alone = in->fill != NULL && e->need >= READ_CHUNK / 2
                 && e->scan == 0 && in->fill_at == 0
                 && chunk_sole(in->fill);
    if (!alone)
        return move_on(e, want);
    return e->fill < in->fill->size ? 0 : grow(e);
}

/* Bytes. */

ssize_t engine_receive(const struct engine *engine, void *to, size_t room)
{
    ssize_t done;
    do
        done = recv(engine->fd, to, room, 0);
    while (done < 0 && errno == EINTR);
    if (done >= 0)
        return done;
    return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

static ssize_t read_some(struct engine *e, unsigned char *to, size_t room)
{
    if (e->leftover != NULL) {
        size_t size = smaller(room, e->leftover_size - e->leftover_at);
        memcpy(to, e->leftover + e->leftover_at, size);
        e->leftover_at += size;
        return (ssize_t)size;
    }
    return engine_receive(e, to, room);
}

/* Reads once, at most `most` bytes.  Positive, with `*all` if there may be
 * more; 0 at the end; or a negative errno. */
static ssize_t read_chunk(struct engine *e, size_t most, bool *all)
{
    int result = e->body != NULL ? 0 : make_room(e);
    if (result < 0)
        return result;
    struct chunk *chunk = e->body != NULL ? e->body : e->in->fill;
    size_t *at = e->body != NULL ? &e->body_at : &e->fill;
    size_t room = smaller(chunk->size - *at, most);
    ssize_t done = read_some(e, chunk->data + *at, room);
    if (done > 0) {
        *at += (size_t)done;
        e->beat.heard++;
    }
    *all = e->flood = done > 0 && (size_t)done == room;
    return done;
}

/* Frames.  Functions that take return 1 if they did, 0 if that has to wait,
 * or a negative errno that ends the link. */

static size_t frame_total(const struct frame *frame)
{
    return frame->head + (size_t)frame->size;
}

static void end_part(struct engine *e, size_t total, unsigned flags)
{
    e->largest = total > e->largest ? total : e->largest;
    e->in_message = flags & FRAME_MORE;
    if (!e->in_message)
        queue_finish(e->in);
}

static int take_part(struct engine *e, struct frame *frame)
{
    if (e->major == 1)
        e->scan += frame_renew(e->in->fill->data + e->scan, frame);
    size_t total = frame_total(frame);
    int result = queue_adopt(e->in, e->scan, total);
    if (result < 0)
        return result;
    e->scan += total;
    end_part(e, total, frame->flags);
    return 1;
}

/* If there is an object for the body of a frame, of which all that has come is
 * what `have` bytes from `scan` on are. */
static void begin_body(struct engine *e, const struct frame *frame,
                       size_t have)
{
    size_t came = have - frame->head;
    if (e->major < 3 || frame->size < PYMQ_STOCK_FROM)
        return;
    e->body = stock_take((size_t)frame->size);
    if (e->body == NULL)
        return;
    memcpy(e->body->data, frame->body, came);
    e->body_at = came;
    e->body_flags = frame->flags;
    e->scan = e->fill;
    e->need = 0;
}

static int take_body(struct engine *e)
{
    struct chunk *body = e->body;
    bool wanted = !atomic_load(&e->in->refused);
    if (wanted && e->body_at < body->size)
        return 0;
    e->body = NULL;
    e->skip = body->size - e->body_at;
    int result = wanted ? queue_write_body(e->in, e->body_flags, body) : 0;
    if (wanted && result == 0)
        end_part(e, body->size, e->body_flags);
    chunk_drop(body);
    return result < 0 ? result : e->skip == 0;
}

/* A peer's subscriptions that wait for a publisher that is busy elsewhere: so
 * many, whatever the mark of messages is, then the peer is held back instead
 * of filling our memory. */
enum { TOPICS_WAITING = 1000 };

static int take_subscription(struct engine *e, const struct frame *frame)
{
    unsigned char *flags = e->in->fill->data + e->scan;
    *flags = (unsigned char)(*flags & ~FRAME_MORE);
    e->paused = queue_over(e->in, TOPICS_WAITING);
    if (e->paused)
        return 0;
    if (e->in_message) {
        int result = queue_announce(e->in, FRAME_COMMAND, NULL, 0,
                                    frame->body, (size_t)frame->size);
        if (result < 0)
            return result;
        e->in->extra--; /* not ours: it counts */
        e->scan += frame_total(frame);
        return 1;
    }
    int result = queue_adopt(e->in, e->scan, frame_total(frame));
    if (result < 0)
        return result;
    e->scan += frame_total(frame);
    queue_finish_command(e->in);
    return 1;
}

static int answer_ping(struct engine *e, const unsigned char *data,
                       int64_t size)
{
    enum { TTL = 2, CONTEXT_MAX = 16 };
    static const unsigned char pong[] = {4, 'P', 'O', 'N', 'G'};
    if (size < TTL)
        return -EPROTO;
    if (e->broken != 0)
        return 1;
    size_t context = smaller((size_t)size - TTL, CONTEXT_MAX);
    size_t total = sizeof pong + context;
    e->choked = e->replies_size + 2 + total > REPLIES;
    if (e->choked)
        return 0;
    unsigned char *to = e->replies + e->replies_size;
    to += frame_put_head(to, FRAME_COMMAND, total);
    memcpy(to, pong, sizeof pong);
    memcpy(to + sizeof pong, data + TTL, context);
    e->replies_size += 2 + total;
    heartbeat_promised(&e->beat, (unsigned)data[0] << 8 | data[1]);
    return 1;
}

/* The answer to a probe (probe.c). */
static void take_pong(struct engine *e, const unsigned char *data,
                      int64_t size)
{
    if (size != 4)
        return;
    atomic_store(&e->in->echo, (uint32_t)octets_get(data, 4));
    queue_wake_reader(e->in);
}

static int take_command(struct engine *e, struct frame *frame)
{
    const unsigned char *data;
    int result = 1;
    int64_t size = frame_command(frame, "PING", &data);
    if (size >= 0) {
        result = answer_ping(e, data, size);
    } else if ((size = frame_command(frame, "PONG", &data)) >= 0) {
        take_pong(e, data, size);
    } else if (e->takes_topics && !atomic_load(&e->in->refused)
               && (frame_command(frame, "SUBSCRIBE", &data) >= 0
                   || frame_command(frame, "CANCEL", &data) >= 0)) {
        return take_subscription(e, frame);
    }
    if (result > 0)
        e->scan += frame_total(frame);
    return result;
}

/* Throws a frame away, as far as it has come. */
static int skip_frame(struct engine *e, uint64_t size)
{
    size_t have = e->fill - e->scan;
    size_t now = size < have ? (size_t)size : have;
    e->scan += now;
    e->skip = size - now;
    e->need = 0;
    return e->skip == 0;
}

static int parse_older(const struct engine *e, const unsigned char *at,
                       size_t have, struct frame *frame)
{
    if (e->major == 1)
        return frame_parse_old(at, have, frame);
    int result = frame_parse(at, have, frame);
    return result > 0 && frame->flags & FRAME_COMMAND ? -EPROTO : result;
}

/* Whether a message has to wait; of ZMTP 3.0 and before it may be a
 * subscription. */
static bool has_to_wait(struct engine *e, const struct frame *frame,
                        size_t have)
{
    bool topic = e->takes_topics && frame->size > 0 && have > frame->head
                 && frame->body[0] <= 1;
    return !e->in_message
           && (topic ? queue_over(e->in, TOPICS_WAITING) : queue_full(e->in));
}

static int take_frame(struct engine *e)
{
    struct frame frame;
    size_t have = e->fill - e->scan;
    if (e->body != NULL)
        return take_body(e);
    if (e->skip > 0)
        return skip_frame(e, e->skip);
    if (have == 0)
        return 0;
    if (e->sealing != NULL && !e->sealing->opened) {
        int opened = engine_open_frame(e);
        if (opened <= 0)
            return opened;
        have = e->fill - e->scan;
    }
    const unsigned char *at = e->in->fill->data + e->scan;
    int result = e->major < 3 ? parse_older(e, at, have, &frame)
                              : frame_parse(at, have, &frame);
    if (result <= 0)
        return result;
    uint64_t total = frame.head + frame.size;
    if (frame.size > e->max_size || total > SIZE_MAX)
        return -EMSGSIZE;
    bool message = !(frame.flags & FRAME_COMMAND);
    if (message && atomic_load(&e->in->refused))
        return skip_frame(e, total);
    if (message && has_to_wait(e, &frame, have)) {
        e->paused = true;
        return 0;
    }
    e->need = have < total ? (size_t)total : 0;
    if (message && e->need > 0)
        begin_body(e, &frame, have);
    if (have < total)
        return 0;
    return (message ? take_part : take_command)(e, &frame);
}

/* Messages of short frames: how many lie whole at `scan` and may be taken; in
 * `*size` their octets. */
static uint64_t count_short(const struct engine *e, size_t *size)
{
    uint64_t count = 0, room = queue_room(e->in);
    const unsigned char *at = e->in->fill->data + e->scan;
    const unsigned char *end = e->in->fill->data + e->fill, *begin = at;
    while (count < room && end - at >= 2 && at[0] <= FRAME_MORE
           && end - at >= 2 + at[1]) {
        bool more = at[0];
        at += 2 + at[1];
        count += !more;
        if (!more)
            *size = (size_t)(at - begin);
    }
    return count;
}

static bool takes_short(const struct engine *e)
{
    return e->major == 3 && e->sealing == NULL && !e->takes_topics
           && !e->in_message && e->body == NULL && e->skip == 0
           && e->fill > e->scan && e->max_size > UINT8_MAX
           && !e->in->conflate && !atomic_load(&e->in->refused);
}

/* Takes these at once: most messages are such. */
static int take_short(struct engine *e)
{
    size_t size;
    uint64_t count = takes_short(e) ? count_short(e, &size) : 0;
    if (count == 0)
        return 0;
    int result = queue_adopt_all(e->in, e->scan, size);
    if (result < 0)
        return result;
    e->scan += size;
    e->need = 0;
    queue_finish_all(e->in, count);
    return 1;
}

/* One frame, and if it was sealed, the next one is, too. */
static int take_next(struct engine *e)
{
    int result = take_short(e);
    if (result == 0)
        result = take_frame(e);
    if (result > 0 && e->sealing != NULL)
        e->sealing->opened = false;
    return result;
}

/* Takes all there is; 0 or a negative errno. */
static int take_all(struct engine *e)
{
    int result;
    e->paused = false;
    do
        result = take_next(e);
    while (result > 0);
    queue_flush(e->in);
    if (e->flood)
        e->in->lively = false; /* whatever the reader does */
    return result;
}

/* False if that ends or pauses the reading. */
static bool take_frames(struct engine *e)
{
    int result = take_all(e);
    if (result < 0)
        engine_end(e, -result);
    return result == 0 && !e->paused && !e->choked;
}

/* No more input.  A closed pipe goes on sending what it has. */
static void lose_input(struct engine *e, int error)
{
    e->eof = true;
    if (error != 0 || !atomic_load(&e->out->closed))
        engine_end(e, error);
}

/* What could not be taken for want of room.  The borrower asks again; the home
 * need not be woken for that. */
static bool take_waiting(struct engine *e)
{
    bool good = take_all(e) == 0;
    if (e->paused)
        queue_unpark_writer(e->in);
    return good && e->replies_size == 0;
}

bool engine_read_once(struct engine *engine, size_t most)
{
    bool all;
    if (engine->raw)
        return engine_read_raw_once(engine);
    if (engine->leftover != NULL || engine->choked)
        return false;
    if (engine->paused && (!take_waiting(engine) || engine->paused))
        return engine->paused;
    ssize_t done = read_chunk(engine, most, &all);
    if (done == -EAGAIN)
        return true;
    if (done <= 0) {
        engine->lost = true;
        engine->lost_error = (int)-done;
        return false;
    }
    return take_waiting(engine);
}

void engine_drive_in(struct engine *engine, bool readable)
{
    bool all = true;
    if (engine->lost && !engine->eof) {
        lose_input(engine, engine->lost_error);
        return;
    }
    if (engine->eof || !take_frames(engine))
        return;
    for (int i = 0; i < READS && all; i++) {
        if (engine->leftover_at == engine->leftover_size
            && engine->leftover != NULL) {
            free(engine->leftover);
            engine->leftover = NULL;
        }
        if (!readable && engine->leftover == NULL)
            return;
        ssize_t done = read_chunk(engine, SIZE_MAX, &all);
        if (done == -EAGAIN)
            return;
        if (done <= 0) {
            lose_input(engine, (int)-done);
            return;
        }
        if (!take_frames(engine))
            return;
    }
    if (engine->leftover != NULL)
        mailbox_post(&engine->end); /* no poller will tell of these bytes */
}
