/* heartbeat.c - see heartbeat.h */
#include "heartbeat.h"

#include "clock.h"
#include "engine.h"

#include <errno.h>
#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#endif
#include <string.h>
#include <sys/socket.h>

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void set_due(struct heartbeat *beat)
{
    int64_t due = earlier(beat->answer_by, beat->alive_until);
    beat->due = earlier(due, beat->ping_at);
}

void heartbeat_init(struct heartbeat *beat, const pymq_link *link)
{
    beat->interval = link->ping_interval;
    beat->timeout = link->ping_timeout;
    beat->ttl = (unsigned)link->ping_ttl;
    beat->ping_at = beat->answer_by = beat->alive_until = NEVER;
    if (beat->interval > 0)
        beat->ping_at = clock_ms() + beat->interval;
    set_due(beat);
    list_init(&beat->node);
    beat->listed = NEVER;
}

/* Whether something, if only the end, has come that was not read. */
static bool unread(const struct engine *engine)
{
    char byte;
    ssize_t done = recv(engine->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return done >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* A paused engine has read what it cannot take yet. */
static bool silent(const struct engine *engine, unsigned heard_then)
{
    return engine->beat.heard == heard_then && !engine->paused
           && !unread(engine);
}

/* For how many ms the peer's kernel, which was asked again since, has not
 * acknowledged what was sent; 0 if it does.  A peer that merely does not read
 * does acknowledge.  Only Linux tells, and only of TCP. */
static int64_t unacknowledged(const struct engine *engine)
{
#ifdef __linux__
    struct tcp_info info;
    socklen_t size = sizeof info;
    memset(&info, 0, sizeof info);
    if (getsockopt(engine->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0
        && (info.tcpi_retransmits > 0 || info.tcpi_probes > 1))
        return info.tcpi_last_ack_recv;
#else
    (void)engine;
#endif
    return 0;
}

/* Whether the peer has let the time for an answer pass. */
static bool unanswered(struct engine *engine, int64_t now)
{
    struct heartbeat *beat = &engine->beat;
    if (now < beat->answer_by)
        return false;
    int64_t fair = beat->timeout;
    fair += beat->asking ? now - unacknowledged(engine) : beat->asked_at;
    if (!silent(engine, beat->heard_then))
        beat->answer_by = NEVER;
    else if (now < fair)
        beat->answer_by = fair;
    else
        return true;
    return false;
}

/* Whether the peer has been silent for as long as it said to wait. */
static bool outlived(struct engine *engine, int64_t now)
{
    struct heartbeat *beat = &engine->beat;
    if (now < beat->alive_until)
        return false;
    if (silent(engine, beat->heard_at_ttl))
        return true;
    beat->heard_at_ttl = beat->heard;
    beat->alive_until = now + beat->peer_ttl;
    return false;
}

static void put_ping(struct engine *engine)
{
    static const unsigned char ping[] = {4, 'P', 'I', 'N', 'G'};
    unsigned char body[sizeof ping + 2];
    memcpy(body, ping, sizeof ping);
    octets_put(body + sizeof ping, 2, engine->beat.ttl);
    engine->replies_size =
        frame_put(engine->replies, FRAME_COMMAND, body, sizeof body);
}

/* Not behind other replies: while these wait the peer takes nothing. */
static void ask(struct engine *engine, int64_t now)
{
    struct heartbeat *beat = &engine->beat;
    if (now < beat->ping_at)
        return;
    beat->ping_at = now + beat->interval;
    if (engine->eof || engine->broken != 0 || engine->replies_size > 0)
        return;
    put_ping(engine);
    bool waiting =
        beat->answer_by != NEVER && beat->heard == beat->heard_then;
    if (beat->timeout == 0 || waiting)
        return;
    beat->answer_by = now + beat->timeout;
    beat->heard_then = beat->heard;
    beat->asking = true;
}

bool heartbeat_turn(struct engine *engine)
{
    int64_t now = clock_ms();
    if (now < engine->beat.due)
        return true;
    if (unanswered(engine, now) || outlived(engine, now))
        return false;
    ask(engine, now);
    set_due(&engine->beat);
    return true;
}

void heartbeat_asked(struct heartbeat *beat)
{
    if (!beat->asking)
        return;
    beat->asking = false;
    beat->asked_at = clock_ms();
}

void heartbeat_promised(struct heartbeat *beat, unsigned ttl)
{
    beat->peer_ttl = (int64_t)ttl * 100;
    beat->alive_until = ttl > 0 ? clock_ms() + beat->peer_ttl : NEVER;
    beat->heard_at_ttl = beat->heard;
    set_due(beat);
}

/* Those with one interval come in order, so the search from the end is
 * short. */
void heartbeat_list(struct list *list, struct heartbeat *beat, int64_t due)
{
    if (beat->listed == due)
        return;
    heartbeat_unlist(beat);
    beat->listed = due;
    if (due == NEVER)
        return;
    struct list *at = list->prev;
    while (at != list && OWNER(at, struct heartbeat, node)->listed > due)
        at = at->prev;
    list_append(at->next, &beat->node);
}

void heartbeat_unlist(struct heartbeat *beat)
{
    list_remove(&beat->node);
    beat->listed = NEVER;
}

int64_t heartbeat_next(const struct list *list)
{
    if (list_empty(list))
        return NEVER;
    return OWNER(list->next, struct heartbeat, node)->listed;
}

struct engine *heartbeat_take(struct list *list)
{
    if (list_empty(list))
        return NULL;
    struct heartbeat *beat = OWNER(list->next, struct heartbeat, node);
    if (beat->listed > clock_ms())
        return NULL;
    heartbeat_unlist(beat);
    return OWNER(beat, struct engine, beat);
}
