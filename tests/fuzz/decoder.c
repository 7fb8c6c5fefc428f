/* decoder.c - libFuzzer on a real engine, without threads.
 *
 * Linked with csrc/ but for loop.c: the functions of that which an engine needs
 * are here, and its turns are taken in between the pieces of the input.
 *
 *     kind | size of a piece | limit and mark | bytes of the peer
 */
#include "engine.h"
#include "poller.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEADER = 3, TURNS = 64, BOX = 16, ZEROS = 32 };

static struct events events;
static struct mailbox box;
static struct poller *poller;

struct loop *loop_hold(struct loop *loop)
{
    return loop;
}

void pymq_loop_release(pymq_loop *loop)
{
    (void)loop;
}

struct events *loop_events(struct loop *loop)
{
    (void)loop;
    return &events;
}

bool loop_is_foreign(const struct loop *loop)
{
    (void)loop;
    return false;
}

int loop_adopt(struct loop *loop, struct engine *engine, uint64_t affinity)
{
    (void)loop;
    (void)affinity;
    engine->poller = poller;
    end_init(&engine->end, &box);
    queue_set_writer(engine->in, &engine->end);
    queue_set_reader(engine->out, &engine->end);
    return 0;
}

/* Boxes that anybody can make. */
static int seal(unsigned char *to, unsigned char *from,
                unsigned long long size, unsigned char *nonce,
                unsigned char *key)
{
    (void)nonce;
    (void)key;
    memmove(to, from, size);
    memset(to, 0, ZEROS);
    return 0;
}

static int open_box(unsigned char *to, unsigned char *from,
                    unsigned long long size, unsigned char *nonce,
                    unsigned char *key)
{
    (void)nonce;
    (void)key;
    if (size < ZEROS || from[ZEROS - BOX] == 0xff)
        return -1;
    memmove(to, from, size);
    memset(to, 0, ZEROS);
    return 0;
}

static int open_easy(unsigned char *to, unsigned char *from,
                     unsigned long long size, unsigned char *nonce,
                     unsigned char *key)
{
    (void)nonce;
    (void)key;
    if (size < BOX || from[0] == 0xff)
        return -1;
    memmove(to, from + BOX, size - BOX);
    return 0;
}

/* What the engine can be made to be. */
static const struct {
    int major, raw, topics, sealed;
} kinds[] = {{3, 0, 0, 0}, {2, 0, 0, 0}, {1, 0, 0, 0},
             {3, 1, 0, 0}, {3, 0, 1, 0}, {3, 0, 0, 1}};

static struct engine *start(const uint8_t *data, int fd, struct queue *out,
                            struct queue *in)
{
    static const pymq_sealing sealing = {
        .seal = seal, .open = open_box, .open_easy = open_easy};
    size_t kind = data[0] % (sizeof kinds / sizeof kinds[0]);
    pymq_link link = {.fd = fd,
                      .major = kinds[kind].major,
                      .minor = 1,
                      .max_size = data[2] % 4 ? data[2] * 4 : -1,
                      .raw = kinds[kind].raw,
                      .notifies = kinds[kind].raw,
                      .sealing = kinds[kind].sealed ? &sealing : NULL};
    struct engine_link with = {.link = &link,
                               .takes_topics = kinds[kind].topics};
    struct engine *engine;
    if (data[2] & 0x80)
        queue_set_mark(in, READER_MARK, 2);
    if (engine_start(NULL, &with, out, in, &engine) < 0)
        abort();
    return engine;
}

/* As a hub would: every octet is looked at. */
static void read_all(struct queue *in)
{
    static volatile unsigned char seen;
    struct frame frame;
    while (queue_readable(in)) {
        queue_peek(in, &frame);
        for (uint64_t i = 0; i < frame.size; i++)
            seen = seen ^ frame.body[i];
        queue_skip(in, &frame);
    }
}

/* Until nothing changes: everything was read, or waits for more. */
static void turns(struct engine *engine, struct queue *in, int fd)
{
    char sink[4096];
    for (int i = 0; i < TURNS && !engine->ended; i++) {
        size_t before = engine->fill;
        engine_drive(engine, POLLER_IN);
        read_all(in);
        mailbox_take(&box);
        while (recv(fd, sink, sizeof sink, MSG_DONTWAIT) > 0)
            ;
        if (!engine->paused && !engine->choked && engine->fill == before)
            break;
    }
}

static void finish(struct engine *engine)
{
    pymq_event event;
    if (!engine->ended)
        engine_end(engine, 0);
    mailbox_withdraw(&engine->end);
    while (events_take(&events, &event, 1) > 0)
        ;
    engine_drop(engine);
    engine_drop(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fds[2];
    if (size <= HEADER
        || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) < 0)
        return 0;
    struct queue *out = queue_new(), *in = queue_new();
    struct engine *engine = start(data, fds[0], out, in);
    size_t piece = data[1] ? data[1] : size;
    for (size_t at = HEADER; at < size && !engine->ended; at += piece) {
        size_t left = size - at < piece ? size - at : piece;
        if (write(fds[1], data + at, left) < 0)
            break;
        turns(engine, in, fds[1]);
    }
    shutdown(fds[1], SHUT_WR);
    turns(engine, in, fds[1]);
    finish(engine);
    read_all(in);
    close(fds[1]);
    queue_release(out);
    queue_release(in);
    return 0;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    events_init(&events);
    mailbox_init(&box);
    poller = poller_new();
    return 0;
}
