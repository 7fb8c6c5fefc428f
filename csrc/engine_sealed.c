/* engine_sealed.c - a connection on which frames are sealed; see sealing.h
 *
 * What was sealed has to go out as it is: a nonce is used once.  So there is
 * no more in the buffer than one system call may take, and frames leave the
 * queue, as ever, when the kernel has their last byte. */
#include "engine.h"

#include <errno.h>
#include <sys/socket.h>

enum { BATCH = 128 * 1024 }; /* bytes that are sealed at once, or one frame */

/* Opens the frame at e->scan, which then is one as in the queue.  1, 0 if it
 * is not all there, or a negative errno. */
int engine_open_frame(struct engine *engine)
{
    struct frame frame;
    size_t have = engine->fill - engine->scan;
    unsigned char *at = engine->in->fill->data + engine->scan;
    int result = frame_parse(at, have, &frame);
    if (result <= 0)
        return result;
    uint64_t total = frame.head + frame.size;
    if (frame.size > SEAL_OVERHEAD
        && frame.size - SEAL_OVERHEAD > engine->max_size)
        return -EMSGSIZE;
    if (total > SIZE_MAX)
        return -EMSGSIZE;
    engine->need = have < total ? (size_t)total : 0;
    if (engine->need > 0)
        return 0;
    int later = sealing_open(engine->sealing, at, &frame);
    if (later < 0)
        return later;
    engine->scan += (size_t)later;
    engine->sealing->opened = true;
    return 1;
}

/* PINGs and PONGs go first. */
static int seal_replies(struct engine *e)
{
    int result = 0;
    while (result == 0 && e->replies_at < e->replies_size) {
        struct frame frame;
        frame_parse(e->replies + e->replies_at,
                    e->replies_size - e->replies_at, &frame);
        result = sealing_add(e->sealing, &frame);
        e->replies_at += frame.head + (size_t)frame.size;
    }
    e->replies_at = e->replies_size = 0;
    e->sealing->replies = true;
    return result;
}

static int seal_frames(struct engine *e)
{
    struct place at = e->out->head;
    int result = 0;
    while (result == 0 && e->sealing->size < BATCH
           && !queue_passed(e->out, &at)) {
        struct frame frame;
        queue_look(e->out, &at, &frame);
        result = sealing_add(e->sealing, &frame);
    }
    return result;
}

/* Without memory there is no output any more, and the end of input, which is
 * what ends links, is made to come. */
static bool give_up(struct engine *e)
{
    e->broken = ENOMEM;
    sealing_clear(e->sealing, false);
    shutdown(e->fd, SHUT_RDWR);
    return false;
}

bool engine_write_sealed(struct engine *engine)
{
    struct sealing *s = engine->sealing;
    int result = 0;
    if (s->size == 0)
        result = engine->replies_size > 0 ? seal_replies(engine)
                                          : seal_frames(engine);
    if (result < 0)
        return give_up(engine);
    struct iovec run = {s->bytes + s->at, s->size - s->at};
    size_t accepted;
    bool all = engine_write_runs(engine, &run, 1, &accepted);
    s->at += accepted;
    if (!s->replies)
        engine_account(engine, accepted);
    else if (all)
        heartbeat_asked(&engine->beat);
    if (all)
        sealing_clear(s, queue_readable(engine->out));
    return all;
}
