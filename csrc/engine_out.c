/* engine_out.c - from the pipe to the descriptor; see engine.h */
#include "engine.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
    WRITES = 16, /* per turn, for fairness between engines */
    RUNS = 128,  /* of bytes, per system call */
    BATCH = 512 * 1024,
    OLD_FRAMES = 32, /* per system call */
    LONG = 128 * 1024, /* bytes of a body */
    LOCAL_BUFFER = 212992 /* bytes: Linux's choice, which it doubles if asked */
};

/* One run costs less without a header that the kernel has to fetch. */
static ssize_t write_runs(int fd, struct iovec *runs, int count)
{
    struct msghdr message = {.msg_iov = runs};
    message.msg_iovlen = (__typeof__(message.msg_iovlen))count;
    ssize_t done;
    do
        done = count == 1
                   ? send(fd, runs->iov_base, runs->iov_len, MSG_NOSIGNAL)
                   : sendmsg(fd, &message, MSG_NOSIGNAL);
    while (done < 0 && errno == EINTR);
    return done;
}

static bool is_local(int fd)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    return getsockname(fd, (struct sockaddr *)&name, &size) == 0
           && name.ss_family == AF_UNIX;
}

/* A buffer of AF_UNIX does not grow with what is sent, as TCP's does, and there
 * is room again when it is three quarters empty: of long bodies it holds so
 * little that both sides work in turn.  Twice as much they do side by side;
 * more than that and what is in it falls out of the caches.  One that somebody
 * has chosen is let be. */
static void widen(struct engine *e)
{
    int now, room = LOCAL_BUFFER;
    socklen_t size = sizeof now;
    if (e->widened)
        return;
    e->widened = true;
    if (is_local(e->fd)
        && getsockopt(e->fd, SOL_SOCKET, SO_SNDBUF, &now, &size) == 0
        && now == room)
        setsockopt(e->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

/* Whether all was accepted; else the kernel takes no more, now or ever. */
bool engine_write_runs(struct engine *e, struct iovec *runs, int count,
                       size_t *accepted)
{
    size_t wanted = 0;
    for (int i = 0; i < count; i++)
        wanted += runs[i].iov_len;
    ssize_t done = write_runs(e->fd, runs, count);
    *accepted = done < 0 ? 0 : (size_t)done;
    if (done < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        e->broken = errno;
        e->replies_at = e->replies_size = 0;
    } else {
        e->blocked = *accepted < wanted;
    }
    if (e->blocked && runs[count - 1].iov_len >= LONG)
        widen(e);
    return *accepted == wanted;
}

static bool write_replies(struct engine *e)
{
    struct iovec run = {e->replies + e->replies_at,
                        e->replies_size - e->replies_at};
    size_t accepted;
    bool all = engine_write_runs(e, &run, 1, &accepted);
    e->replies_at += accepted;
    if (all) {
        e->replies_at = e->replies_size = 0;
        heartbeat_asked(&e->beat);
    }
    return all;
}

/* What a frame of the queue is on the wire. */
static size_t wire_size(const struct engine *e, const struct frame *frame)
{
    unsigned char head[FRAME_OLD_HEAD];
    size_t size = (size_t)frame->size;
    if (e->sealing != NULL)
        return sealing_wire_size(size);
    if (e->major == 1)
        return frame_put_old_head(head, frame->flags, size) + size;
    return frame->head + size;
}

/* Of ZMTP 3.0 and before a subscription is a message, of its own. */
static bool is_topic(const struct engine *e, const struct frame *frame)
{
    return e->subscribes && !e->out_message && frame_ends(frame)
           && !(frame->flags & FRAME_COMMAND) && frame->size > 0
           && frame->body[0] <= 1;
}

void engine_pass(struct engine *engine, const struct frame *frame)
{
    if (is_topic(engine, frame))
        queue_read_command(engine->out);
    engine->out_message = !frame_ends(frame);
    queue_skip(engine->out, frame);
}

/* The kernel has taken that many bytes: removes the frames they end. */
void engine_account(struct engine *e, size_t accepted)
{
    e->sent += accepted;
    while (e->sent > 0) {
        struct frame frame;
        queue_peek(e->out, &frame);
        size_t total = wire_size(e, &frame);
        if (e->sent < total)
            return;
        e->sent -= total;
        engine_pass(e, &frame);
    }
}

void engine_in_hand(const struct engine *e, struct place *at)
{
    const struct sealing *sealing = e->sealing;
    size_t held = e->sent;
    if (sealing != NULL && !sealing->replies)
        held += sealing->size - sealing->at;
    bool inside = e->out_message;
    for (size_t passed = 0; passed < held || inside;) {
        struct frame frame;
        queue_look(e->out, at, &frame);
        passed += wire_size(e, &frame);
        inside = !frame_ends(&frame);
    }
}

/* Only the rest of a frame that was begun, if a reply waits for its end. */
static int gather(struct engine *e, struct iovec *runs, bool *all)
{
    int count = queue_gather(e->out, e->sent, runs, RUNS, BATCH, all);
    if (e->sent == 0 || e->replies_size == 0)
        return count;
    *all = false;
    struct frame frame;
    queue_peek(e->out, &frame);
    size_t left = frame.head + (size_t)frame.size - e->sent;
    for (int i = 0; i < count; i++) {
        if (runs[i].iov_len >= left) {
            runs[i].iov_len = left;
            return i + 1;
        }
        left -= runs[i].iov_len;
    }
    return count;
}

/* The heads that ZMTP 1.0 wants, and the bodies as they lie. */
static int gather_old(struct engine *e, struct iovec *runs,
                      unsigned char heads[][FRAME_OLD_HEAD])
{
    int count = 0;
    struct frame frame;
    queue_peek(e->out, &frame);
    struct place at = e->out->head;
    for (int i = 0; i < OLD_FRAMES && !queue_passed(e->out, &at); i++) {
        queue_look(e->out, &at, &frame);
        size_t head = frame_put_old_head(heads[i], frame.flags, frame.size);
        runs[count++] = (struct iovec){heads[i], head};
        runs[count++] =
            (struct iovec){(void *)frame.body, (size_t)frame.size};
    }
    return count;
}

/* Leaves out what the kernel has of the first two runs, a frame. */
static void leave_out(struct iovec *runs, size_t sent)
{
    for (int i = 0; i < 2; i++) {
        size_t size = sent < runs[i].iov_len ? sent : runs[i].iov_len;
        runs[i].iov_base = (char *)runs[i].iov_base + size;
        runs[i].iov_len -= size;
        sent -= size;
    }
}

static bool write_old_frames(struct engine *e)
{
    unsigned char heads[OLD_FRAMES][FRAME_OLD_HEAD];
    struct iovec runs[2 * OLD_FRAMES];
    int count = gather_old(e, runs, heads);
    leave_out(runs, e->sent);
    size_t accepted;
    bool all = engine_write_runs(e, runs, count, &accepted);
    engine_account(e, accepted);
    return all;
}

static bool write_frames(struct engine *e)
{
    struct iovec runs[RUNS];
    bool everything;
    int count = gather(e, runs, &everything);
    size_t accepted;
    bool all = engine_write_runs(e, runs, count, &accepted);
    if (all && everything && !e->subscribes && queue_skip_known(e->out)) {
        e->sent = 0;
        e->out_message = false;
    } else {
        engine_account(e, accepted);
    }
    return all;
}

/* Replies go out between frames: first, unless a frame was begun; once begun
 * themselves, to their end. */
static void write_some(struct engine *e)
{
    if (e->raw) {
        engine_write_raw(e);
        return;
    }
    bool replies = e->replies_size > 0 && (e->sent == 0 || e->replies_at > 0);
    if (e->sealing != NULL)
        engine_write_sealed(e);
    else if (e->major == 1)
        write_old_frames(e);
    else if (replies)
        write_replies(e);
    else
        write_frames(e);
}

bool engine_has_output(struct engine *engine)
{
    bool sealed = engine->sealing != NULL && engine->sealing->size > 0;
    return engine->replies_size > 0 || sealed || queue_readable(engine->out);
}

void engine_drive_out(struct engine *engine)
{
    /* Once closed nothing is added, so look at that before looking for what
     * there is. */
    bool closed = atomic_load(&engine->out->closed);
    if (engine->shut)
        engine->replies_at = engine->replies_size = 0;
    bool more = engine_has_output(engine);
    int writes = 0;
    while (more && !engine->blocked && engine->broken == 0) {
        if (writes++ == WRITES) {
            mailbox_post(&engine->end);
            return;
        }
        write_some(engine);
        more = engine_has_output(engine);
    }
    if (engine->broken != 0 && (closed || engine->eof))
        engine_end(engine, engine->broken);
    else if (closed && !more)
        engine_sent_all(engine);
}

bool engine_write_once(struct engine *engine)
{
    if (engine->blocked || engine->broken != 0)
        return false;
    if (engine_has_output(engine))
        write_some(engine);
    return !engine->blocked && engine->broken == 0
           && !engine_has_output(engine);
}
