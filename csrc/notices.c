/* notices.c - see notices.h */
#include "notices.h"

#include "pipe.h"

#include <errno.h>
#include <string.h>

struct header {
    struct pipe *pipe;
    bool of_user;
};

bool notices_readable(struct notices *notices)
{
    return notices->queue != NULL && queue_readable(notices->queue);
}

struct pipe *notices_open(struct notices *notices, bool *of_user)
{
    struct frame frame;
    struct header header;
    queue_peek(notices->queue, &frame);
    memcpy(&header, frame.body, sizeof header);
    queue_skip(notices->queue, &frame);
    *of_user = header.of_user;
    return header.pipe;
}

void notices_fini(struct notices *notices)
{
    bool of_user;
    while (notices_readable(notices)) {
        pipe_release(notices_open(notices, &of_user));
        queue_skip_message(notices->queue);
    }
    queue_release(notices->queue);
    notices->queue = NULL;
}

int notices_begin(struct notices *notices, struct pipe *pipe, bool of_user)
{
    if (notices->queue == NULL)
        notices->queue = queue_new();
    if (notices->queue == NULL)
        return -ENOMEM;
    struct header header;
    memset(&header, 0, sizeof header);
    header.pipe = pipe;
    header.of_user = of_user;
    int result =
        queue_write(notices->queue, FRAME_MORE, &header, sizeof header);
    if (result == 0)
        pipe_hold(pipe);
    return result;
}

int notices_frame(struct notices *notices, const void *data, size_t size,
                  bool more)
{
    return queue_write(notices->queue, more ? FRAME_MORE : 0, data, size);
}

void notices_end(struct notices *notices)
{
    queue_finish(notices->queue);
    queue_flush(notices->queue);
}

void notices_abandon(struct notices *notices, struct pipe *pipe)
{
    queue_rollback(notices->queue);
    pipe_release(pipe);
}

int notices_add(struct notices *notices, struct pipe *pipe, bool subscribe,
                const void *topic, size_t size)
{
    int result = notices_begin(notices, pipe, false);
    if (result < 0)
        return result;
    unsigned char kind = subscribe;
    result = queue_write_pair(notices->queue, 0, &kind, 1, topic, size);
    if (result < 0)
        notices_abandon(notices, pipe);
    else
        notices_end(notices);
    return result;
}
