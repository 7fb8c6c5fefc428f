/* batch.c - many messages of one frame with one call; see hub.h */
#include "clock.h"
#include "hub.h"
#include "loan.h"
#include "trim.h"

#include <errno.h>
#include <string.h>

enum {
    STRIDE_MIN = 8, /* messages taken ahead */
    STRIDE_FOR = 8, /* ms in which they should be handed out */
    LONG_LIST = 131072, /* bytes: more than glibc keeps of its own */
    HELD = 262144 /* bytes that wait for being copied: what caches hold */
};

/* Sending. */

/* Each where it lies, or all of them one behind the other. */
struct many {
    const pymq_part *parts;
    const char *bytes;
    const uint32_t *sizes;
    int count;
};

/* What is not sent was not lent. */
static int send_part(struct hub *hub, const pymq_part *part)
{
    if (part->token == 0)
        return hub_send(hub, part->data, part->size, false);
    struct chunk *lent = loan_new(part->data, part->size, part->token);
    if (lent == NULL)
        return -ENOMEM;
    hub->lent = lent;
    int result = hub_send(hub, part->data, part->size, false);
    hub->lent = NULL;
    if (result < 0)
        loan_cancel(lent);
    else
        chunk_drop(lent);
    return result;
}

static int send_next(struct hub *hub, struct many *many, int number)
{
    if (many->parts != NULL)
        return send_part(hub, &many->parts[number]);
    const char *bytes = many->bytes;
    many->bytes += many->sizes[number];
    return hub_send(hub, bytes, many->sizes[number], false);
}

static int send_many(struct hub *hub, struct many *many)
{
    int result = 0, sent = 0;
    hub->holding = true;
    while (sent < many->count && result == 0) {
        result = send_next(hub, many, sent);
        sent += result == 0;
    }
    hub_show_held(hub, false);
    if (result == -EAGAIN)
        hub_quieten(hub);
    return sent > 0 ? sent : result;
}

static int send_all(struct hub *hub, struct many *many)
{
    int result = hub_enter(hub);
    if (result == 0)
        result = hub->sending ? -EINVAL : send_many(hub, many);
    pthread_mutex_unlock(&hub->lock);
    return result;
}

int pymq_hub_send_many(pymq_hub *hub, const char *bytes,
                       const uint32_t *sizes, int count)
{
    struct many many = {NULL, bytes, sizes, count};
    return send_all(hub, &many);
}

int pymq_hub_send_each(pymq_hub *hub, const pymq_part *parts, int count)
{
    struct many many = {parts, NULL, NULL, count};
    return send_all(hub, &many);
}

/* Receiving. */

/* Whose message comes next, if it has one frame. */
static struct pipe *next_pipe(struct hub *hub, struct frame *frame)
{
    struct pipe *pipe = hub_next_source(hub, frame);
    if (pipe == NULL)
        return NULL;
    return frame->flags & FRAME_MORE ? NULL : pipe;
}

static void pass_on(struct hub *hub, struct pipe *pipe,
                    const struct frame *frame, bool ahead)
{
    hub->peer = pipe->id;
    queue_skip(pipe->in, frame);
    list_move_last(&hub->readable, &pipe->in_readable);
    if (!ahead)
        hub_have_read(hub, pipe);
}

static bool fits(const struct pipe *pipe, size_t size, size_t room, bool ahead)
{
    return size <= PYMQ_SLOT && size <= room
           && !(ahead && queue_reports_next(pipe->in));
}

static int recv_many(struct hub *hub, pymq_batch *batch, int most, bool ahead)
{
    int count = 0;
    size_t used = 0;
    struct frame frame;
    struct pipe *pipe;
    while (count < most && (pipe = next_pipe(hub, &frame))) {
        size_t size = (size_t)frame.size;
        if (!fits(pipe, size, PYMQ_BATCH - used, ahead))
            break;
        if (size > 0)
            memcpy(batch->bytes + used, frame.body, size);
        batch->size = count == 0 || batch->size == (int)size ? (int)size : -1;
        batch->sizes[count] = (uint32_t)size;
        batch->pipes[count++] = pipe->id;
        used += size;
        pass_on(hub, pipe, &frame, ahead);
    }
    return count;
}

static int recv_each(struct hub *hub, pymq_part *parts, int most)
{
    int count = 0;
    size_t used = 0;
    struct frame frame;
    struct pipe *pipe;
    const struct chunk *last = NULL;
    while (count < most && used < HELD && (pipe = next_pipe(hub, &frame))) {
        struct chunk *chunk = queue_chunk(pipe->in);
        parts[count++] = (pymq_part){(const char *)frame.body,
                                     (size_t)frame.size, loan_token(chunk),
                                     chunk == last ? NULL : chunk_hold(chunk),
                                     0};
        last = chunk;
        used += (size_t)frame.size;
        pass_on(hub, pipe, &frame, false);
    }
    if (used > LONG_LIST)
        trim_less();
    return count;
}

static bool takes_batches(const struct hub *hub)
{
    return !hub->receiving && !hub->handing && !hub->conflates
           && hub_plain(hub);
}

/* Who sends after that waits for what was taken, so a user that is slow gets
 * less the next time. */
static int look_ahead(struct hub *hub, pymq_batch *batch, int most)
{
    if (hub->waiters > 0)
        return 0; /* it is for them */
    if (hub->stride < STRIDE_MIN)
        hub->stride = STRIDE_MIN;
    int result =
        recv_many(hub, batch, most < hub->stride ? most : hub->stride, true);
    hub->handing = result > 0;
    hub->handing_since = clock_coarse_ms();
    return result;
}

static void end_handing(struct hub *hub)
{
    bool slow = clock_coarse_ms() - hub->handing_since > STRIDE_FOR;
    hub->handing = false;
    hub->stride = slow ? hub->stride / 2 : hub->stride * 2;
    if (hub->stride > PYMQ_BATCH_MESSAGES)
        hub->stride = PYMQ_BATCH_MESSAGES;
}

int pymq_hub_recv_many(pymq_hub *hub, pymq_batch *batch, int most, int ahead)
{
    if (most > PYMQ_BATCH_MESSAGES)
        most = PYMQ_BATCH_MESSAGES;
    int result = hub_enter(hub);
    if (result == 0 && takes_batches(hub))
        result = ahead ? look_ahead(hub, batch, most)
                       : recv_many(hub, batch, most, false);
    batch->count = result > 0 ? result : 0;
    pthread_mutex_unlock(&hub->lock);
    return result;
}

int pymq_hub_recv_each(pymq_hub *hub, pymq_part *parts, int most)
{
    int result = hub_enter(hub);
    if (result == 0 && takes_batches(hub))
        result = recv_each(hub, parts, most);
    pthread_mutex_unlock(&hub->lock);
    return result;
}

void pymq_hub_handed(pymq_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    if (hub->handing)
        end_handing(hub);
    pthread_mutex_unlock(&hub->lock);
}

int pymq_hub_wants(pymq_hub *hub, const char *data, size_t size)
{
    pthread_mutex_lock(&hub->lock);
    bool wants = hub_wants(hub, (const unsigned char *)data, size);
    pthread_mutex_unlock(&hub->lock);
    return wants;
}
