/* engine_raw.c - connections without frames (STREAM): what one read gives is
 * a message, and of messages the bodies are written; see engine.h
 *
 * The queues hold frames all the same.  Input is copied into one, so that a
 * read is as short as libzmq's. */
#include "engine.h"

#include <errno.h>

enum {
    READ_SIZE = 8192, /* bytes, as ZMQ_IN_BATCH_SIZE */
    READS = 16,       /* per turn, for fairness between engines */
    BODIES = 64       /* per system call */
};

void engine_notify_raw(struct engine *engine)
{
    if (queue_write(engine->in, 0, NULL, 0) == 0)
        queue_finish(engine->in);
}

/* Positive; 0 at the end; or a negative errno. */
static ssize_t read_message(struct engine *e)
{
    unsigned char bytes[READ_SIZE];
    ssize_t done = engine_receive(e, bytes, sizeof bytes);
    if (done > 0 && queue_write(e->in, 0, bytes, (size_t)done) < 0)
        return -ENOMEM;
    if (done > 0)
        queue_finish(e->in);
    return done;
}

static bool has_room(struct engine *e)
{
    e->paused = !atomic_load(&e->in->refused) && queue_full(e->in);
    return !e->paused;
}

void engine_drive_raw_in(struct engine *engine, bool readable)
{
    if (engine->hello) {
        engine->hello = false;
        engine_notify_raw(engine);
    }
    ssize_t done = engine->lost ? -engine->lost_error : -EAGAIN;
    readable = readable && !engine->lost;
    for (int i = 0; i < READS && readable && has_room(engine); i++) {
        done = read_message(engine);
        readable = done > 0;
    }
    if (!engine->lost)
        has_room(engine);
    queue_flush(engine->in);
    if (done > 0 || done == -EAGAIN || engine->eof)
        return;
    engine->eof = true;
    if (done < 0 || !atomic_load(&engine->out->closed))
        engine_end(engine, (int)-done);
}

bool engine_read_raw_once(struct engine *engine)
{
    if (!has_room(engine)) {
        queue_unpark_writer(engine->in); /* the borrower asks again */
        return true;
    }
    ssize_t done = read_message(engine);
    queue_flush(engine->in);
    if (done > 0 || done == -EAGAIN)
        return true;
    engine->lost = true;
    engine->lost_error = (int)-done;
    return false;
}

/* The bodies of the next frames; how many. */
static int gather(struct engine *e, struct iovec *runs)
{
    int count = 0;
    size_t skip = e->sent;
    struct place at = e->out->head;
    while (count < BODIES && !queue_passed(e->out, &at)) {
        struct frame frame;
        queue_look(e->out, &at, &frame);
        runs[count++] = (struct iovec){(void *)(frame.body + skip),
                                       (size_t)frame.size - skip};
        skip = 0;
    }
    return count;
}

/* The kernel has taken that many bytes: removes the frames they end. */
static void account(struct engine *e, int count, size_t accepted)
{
    e->sent += accepted;
    for (int i = 0; i < count; i++) {
        struct frame frame;
        queue_peek(e->out, &frame);
        if (e->sent < frame.size)
            return;
        e->sent -= (size_t)frame.size;
        e->out_message = !frame_ends(&frame);
        queue_skip(e->out, &frame);
    }
}

void engine_write_raw(struct engine *engine)
{
    struct iovec runs[BODIES];
    size_t accepted;
    int count = gather(engine, runs);
    engine_write_runs(engine, runs, count, &accepted);
    account(engine, count, accepted);
}
