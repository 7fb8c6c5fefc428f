/* engine_drain.c - the end of an engine whose closed pipe has nothing left to
 * send; see engine.h
 *
 * It half-closes, which is no hang-up: a peer that reads comes to the end of
 * the input and closes too.  One that is paused goes on when it can. */
#include "engine.h"

#include "clock.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#ifdef __linux__
#include <linux/sockios.h>
#endif

enum { DISCARD_SIZE = 16384, DISCARD_READS = 16 };

/* Whether a close would hang up before the peer has read what was sent. */
static bool kernel_holds(int fd)
{
#ifdef SIOCOUTQ
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    int bytes = 0;
    if (getsockname(fd, (struct sockaddr *)&own, &size) < 0
        || own.ss_family != AF_UNIX)
        return false;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
#else
    (void)fd;
    return false;
#endif
}

void engine_linger(struct engine *engine)
{
    char sink[DISCARD_SIZE];
    for (int i = 0; i < DISCARD_READS && !engine->eof; i++) {
        ssize_t done = engine_receive(engine, sink, sizeof sink);
        if (done == -EAGAIN)
            break;
        engine->eof = done <= 0;
    }
    if (engine->eof || clock_ms() >= engine->deadline)
        engine_close(engine);
}

bool engine_hush(struct engine *engine)
{
    if (pthread_mutex_trylock(&engine->drive) != 0)
        return false;
    engine->quiet = !engine->ended && engine->out != NULL
                    && engine->broken == 0 && !engine_has_output(engine)
                    && !kernel_holds(engine->fd);
    bool quiet = engine->quiet;
    engine_release(engine);
    return quiet;
}

static void drained(struct engine *e)
{
    queue_rollback(e->in);
    queue_set_writer(e->in, NULL);
    engine_report(e, true, 0);
    queue_release(e->out);
    queue_release(e->in);
    e->out = e->in = NULL;
    e->look_at = 0;
    e->deadline = clock_ms() + LINGER_AFTER;
    engine_linger(e);
}

/* Nobody tells when the kernel is rid of the last byte, so that is looked at
 * now and then.  Mostly the peer's end comes first. */
void engine_sent_all(struct engine *engine)
{
    int64_t now = clock_ms();
    if (!engine->shut) {
        engine->shut = true;
        if (shutdown(engine->fd, SHUT_WR) < 0)
            engine->eof = true;
    }
    engine->beat.due = NEVER; /* whatever its last PING has promised */
    if (engine->eof || engine->quiet || !kernel_holds(engine->fd))
        drained(engine);
    else if (now >= engine->look_at)
        engine->look_at = now + LOOK_AGAIN;
}
