/* pymq.h - the whole contract between the C core and Python.
 *
 * This file is both the C header and, without its preprocessor lines, the CFFI
 * cdef.  The meaning of the functions is in pymq/backend/abc.py; here is what
 * pymq/backend/native/ has to know in addition.
 *
 * Any thread may call any function.  Only two block: pymq_hub_wait, and
 * pymq_loop_stop, which waits for threads that never wait for Python.
 * Functions that return int return a negative errno on failure.
 */
#ifndef PYMQ_H
#define PYMQ_H
#include <stddef.h>
#include <stdint.h>

enum { PYMQ_SLOT = 4096, PYMQ_BATCH = 65536, PYMQ_BATCH_MESSAGES = 1024 };
enum { PYMQ_HOLD_FROM = 16384, PYMQ_FEW = 8 };
/* Bytes.  A view keeps its whole chunk alive, so views of shorter bodies would
 * cost several times their size. */
enum { PYMQ_VIEW_FROM = 32768 };

enum pymq_send_policy {
    PYMQ_SEND_NONE, PYMQ_SEND_ONE, PYMQ_SEND_IN_TURN, PYMQ_SEND_TO_ALL,
    PYMQ_SEND_BY_NAME
};

enum pymq_receive_policy {
    PYMQ_RECEIVE_NONE, PYMQ_RECEIVE_FAIR, PYMQ_RECEIVE_NAMED,
    PYMQ_RECEIVE_FILTERED, PYMQ_RECEIVE_TOPICS, PYMQ_RECEIVE_NOTICES
};

enum pymq_hub_option {
    PYMQ_SEND_HWM = 1, PYMQ_RECV_HWM, PYMQ_MANDATORY, PYMQ_VERBOSE,
    PYMQ_VERBOSER, PYMQ_MANUAL, PYMQ_NO_DROP, PYMQ_INVERT,
    PYMQ_ONLY_FIRST, PYMQ_LAST_VALUE, PYMQ_CORRELATE, PYMQ_RELAXED,
    PYMQ_HUB_OPTIONS
};

enum pymq_turns { PYMQ_AT_WILL, PYMQ_ASKS, PYMQ_ANSWERS };
enum { PYMQ_EFSM = 156384763 }; /* ZMQ_HAUSNUMERO + 51 */

enum pymq_event_kind { PYMQ_LINK_DOWN = 1, PYMQ_PIPE_CLOSED };

typedef struct loop pymq_loop;
typedef struct hub pymq_hub;
typedef struct pipe pymq_pipe;
typedef struct bell pymq_bell;

typedef struct {
    int kind;
    int error;
    int64_t pipe;
} pymq_event;

/* Where recv puts a frame of `hub`.  A body that fits is copied to `bytes`.
 * Of a longer one `data` is the address, valid until pymq_slot_clear. */
typedef struct {
    pymq_hub *hub;
    void *chunk;
    const char *data;
    int64_t token; /* of data that Python has lent (loan.h), else 0 */
    int common;    /* others may read the data, too */
    int copies;    /* long bodies are refused: -EMSGSIZE */
    int64_t peer;  /* id of the pipe that it came from */
    char bytes[PYMQ_SLOT];
} pymq_slot;

void pymq_slot_clear(pymq_slot *slot);
/* Drops the chunk, as pymq_slot_clear would, if its data has moved to another
 * owner. */
void pymq_chunk_drop(void *chunk);
/* Copies to fresh memory. */
void pymq_copy(char *to, const char *from, size_t size);

enum { PYMQ_STOCK_FROM = 131072 }; /* bytes; below that copying is cheap */

/* A body of that many bytes was received.  Returns whether to make an object
 * for the next one ... */
int pymq_stock_wants(size_t size);
/* ... and adds such an object, which is lent like one that is sent. 0 or
 * -ENOMEM. */
int pymq_stock_add(char *data, size_t size, int64_t token);

enum {
    PYMQ_STOCK_GIVEN = 2,     /* places */
    PYMQ_GIVEN_FROM = 33554432 /* bytes; what is longer glibc maps anew */
};

/* An object that a user got, whose memory may do for another when he has let
 * go of it: kept in a place, instead of what was there.  0, or -ENOMEM also if
 * there is no thread to forget it in time. */
int pymq_stock_give(int place, char *data, size_t size, int64_t token);
/* Its token, back to the caller, or 0. */
int64_t pymq_stock_given(int place, size_t *size);

/* A frame of a message that is sent or received as a whole.
 *
 * To send: `token` is as of pymq_hub_send_long, or 0 for data that is to be
 * copied.  Received: the data is in `chunk`, or in the same chunk as that of
 * the part before, or in the message's `name`.
 */
typedef struct {
    const char *data;
    size_t size;
    int64_t token;
    void *chunk;
    int common;
} pymq_part;

/* A message that was received.  Release it with the function below. */
typedef struct {
    pymq_part *parts;
    int count;
    int room;
    void *chunk;   /* the last chunk that is held */
    int64_t peer;  /* id of the pipe that it came from */
    char name[256]; /* of the peer, if it is the first frame */
    pymq_part few[PYMQ_FEW];
} pymq_message;

void pymq_message_clear(pymq_message *message);

/* Messages of one frame, one behind the other in `bytes`.  `size` is the size
 * of each, or -1 if they differ. */
typedef struct {
    int count;
    int size;
    uint32_t sizes[PYMQ_BATCH_MESSAGES];
    int64_t pipes[PYMQ_BATCH_MESSAGES]; /* the pipes that they came from */
    char bytes[PYMQ_BATCH];
} pymq_batch;

/* How much pymq_hub_move has moved. */
typedef struct {
    int64_t messages, frames, bytes;
} pymq_moved;

/* See Counts in counts.py.  Of one pipe or of all. */
typedef struct {
    int64_t peers, messages_in, bytes_in, waiting_in;
    int64_t messages_out, bytes_out, waiting_out, dropped;
} pymq_counts;

/* As counting.py and counted.h read it. */
typedef struct {
    int64_t pipe;
    unsigned char name[256]; /* behind its size */
    double since; /* when its link came up, s since 1970; 0: it had none */
    unsigned char connected;
    pymq_counts counts;
} pymq_peer;

/* libsodium's crypto_box_afternm and crypto_box_open_afternm, and
 * crypto_box_open_easy_afternm or NULL.  The arguments are: to, from, number
 * of octets, nonce, key.  All work in place. */
typedef int (*pymq_box)(unsigned char *, unsigned char *, unsigned long long,
                        unsigned char *, unsigned char *);

/* See Keys in pymq/zmtp/sealing.py; with the functions to use. */
typedef struct {
    pymq_box seal, open, open_easy;
    unsigned char key[32];
    int as_server;
    uint64_t sent, received;
} pymq_sealing;

/* See Link in link.py.  Times are in ms, 0 means none; `ping_ttl` is in tenths
 * of a second. */
typedef struct {
    int fd;
    const char *leftover;
    size_t leftover_size;
    int major, minor;
    int64_t max_size;
    uint64_t affinity;
    int ping_interval, ping_timeout, ping_ttl;
    int raw, notifies;
    const pymq_sealing *sealing; /* NULL: frames are not sealed */
} pymq_link;

/* NULL when there is no memory.  Release it with the function below. */
pymq_loop *pymq_loop_new(int threads);
void pymq_loop_release(pymq_loop *loop);
int pymq_loop_start(pymq_loop *loop);
void pymq_loop_stop(pymq_loop *loop);
int pymq_loop_fileno(pymq_loop *loop);
/* Stores and removes up to `room` events.  Returns how many. */
int pymq_loop_take(pymq_loop *loop, pymq_event *into, int room);
/* Makes the descriptor readable until the next `take`. */
void pymq_loop_nudge(pymq_loop *loop);

/* NULL when there is no memory.  The first request gets this `number`. */
pymq_hub *pymq_hub_new(pymq_loop *loop, int send, int receive,
                       int subscribes, int turns, uint32_t number);
void pymq_hub_release(pymq_hub *hub);
void pymq_hub_free(pymq_hub *hub);
void pymq_hub_stop(pymq_hub *hub, int error);
/* -E2BIG from PYMQ_HOLD_FROM bytes on: use pymq_hub_send_long. */
int pymq_hub_send(pymq_hub *hub, const char *data, size_t size, int more);
/* With a token other than 0 the data is not copied.  It must not change until
 * the token comes back (pymq_take_returned).  It comes back whatever this
 * returns, except -ENOBUFS. */
int pymq_hub_send_long(pymq_hub *hub, const char *data, size_t size, int more,
                       int64_t token);
/* Sends a message, or the rest of one, or with `more` its beginning.  No other
 * thread's frames get between. -ENOBUFS as above: no token comes back. */
int pymq_hub_send_message(pymq_hub *hub, pymq_part *parts, int count,
                          int more);
/* See Hub.ask and Hub.give_up in abc.py.  Nothing is lent. */
int pymq_hub_ask(pymq_hub *hub, pymq_part *parts, int count, int again);
void pymq_hub_give_up(pymq_hub *hub);
/* Takes tokens that came back: stores up to `room`, returns how many.  These
 * are positive ones ... */
int pymq_take_returned(int64_t *into, int room);
/* ... and those of objects. */
int pymq_take_objects(int64_t *into, int room);
/* Sends messages of one frame, as many as there is room for.  Returns how
 * many, or the negative errno of the first. */
int pymq_hub_send_many(pymq_hub *hub, const char *bytes,
                       const uint32_t *sizes, int count);
/* The same, for messages that do not lie behind each other.  Tokens are as of
 * pymq_hub_send_long, but none comes back of a message that was not sent. */
int pymq_hub_send_each(pymq_hub *hub, const pymq_part *parts, int count);
/* Returns size << 2 | waiting << 1 | more, or a negative errno.  `waiting`: it
 * is worth asking for a batch. */
int64_t pymq_slot_recv(pymq_slot *slot);
/* Receives a message of one frame.  Returns its size, or a negative errno;
 * -EMSGSIZE if the message is one for pymq_slot_recv, because it has several
 * frames, or many short ones are behind it. */
int64_t pymq_slot_recv_plain(pymq_slot *slot);
/* Receives a message, or the rest of one that was begun. 0 or a negative
 * errno; then there is nothing to release. */
int pymq_hub_recv_message(pymq_hub *hub, pymq_message *message);
/* Receives a batch of messages of one frame.  Returns how many; 0 also if the
 * next message has several frames, or is longer than PYMQ_SLOT.
 *
 * `ahead`: the user gets them later.  So it takes none that would tell the
 * sender that there is room again, and until pymq_hub_handed nobody can
 * receive what is behind them (-EALREADY).
 */
int pymq_hub_recv_many(pymq_hub *hub, pymq_batch *batch, int most, int ahead);
/* The same, not ahead, for messages of any length, without copying: at least
 * one if there is one, and not many more than fit a cache.  Their chunks
 * belong to the caller. */
int pymq_hub_recv_each(pymq_hub *hub, pymq_part *parts, int most);
void pymq_hub_handed(pymq_hub *hub);
/* See Hub.move in abc.py. */
int pymq_hub_move(pymq_hub *from, pymq_hub *to, int most, pymq_moved *moved);
/* See Hub.make_room and Hub.lose in abc.py. */
int pymq_hub_make_room(pymq_hub *hub);
void pymq_hub_lose(pymq_hub *hub, int more);
/* Whether the user's subscriptions match a message. */
int pymq_hub_wants(pymq_hub *hub, const char *data, size_t size);
int64_t pymq_hub_peer(pymq_hub *hub);
int64_t pymq_hub_chosen(pymq_hub *hub);
int pymq_hub_ready(pymq_hub *hub);
/* -EALREADY: it waits for something to receive, and there are messages that
 * were taken ahead. */
int pymq_hub_wait(pymq_hub *hub, int events, int timeout);
int pymq_hub_fileno(pymq_hub *hub);
/* Makes a bell, which rings when one of `events` may have come.  `*fd` is the
 * descriptor that turns readable; or this returns NULL, and `*fd` is a
 * negative errno. */
pymq_bell *pymq_hub_hang(pymq_hub *hub, int events, int reads, int *fd);
void pymq_hub_hush(pymq_hub *hub, pymq_bell *bell);
void pymq_hub_unhang(pymq_hub *hub, pymq_bell *bell);
void pymq_hub_set(pymq_hub *hub, int option, int value);
int pymq_hub_greet(pymq_hub *hub, const char *data, size_t size, int wanted);
int pymq_hub_grant(pymq_hub *hub, const char *topic, size_t size, int wanted);
int pymq_hub_subscribe(pymq_hub *hub, const char *topic, size_t size,
                       int announce);
/* 1 if that was the last subscription to the topic, else 0. */
int pymq_hub_unsubscribe(pymq_hub *hub, const char *topic, size_t size,
                         int announce);
void pymq_hub_keep_last(pymq_hub *hub, size_t limit);
int64_t pymq_hub_topics(pymq_hub *hub);
int64_t pymq_hub_subscribers(pymq_hub *hub, const char *first, size_t size);
void pymq_hub_totals(pymq_hub *hub, pymq_counts *sum);
/* Stores them, and returns how many; or for how many there must be room. */
int pymq_hub_peers(pymq_hub *hub, pymq_peer *into, int room);
int64_t pymq_hub_probe(pymq_hub *hub, uint32_t number);
int pymq_hub_has(pymq_hub *hub, int64_t pipe);

/* Returns 0 with the new pipe in `*made`, or -EBUSY (policy ONE), or -ENOMEM.
 */
int pymq_hub_open(pymq_hub *hub, pymq_pipe **made, int conflate);
void pymq_pipe_release(pymq_pipe *pipe);
int64_t pymq_pipe_id(pymq_pipe *pipe);
/* Returns 0, -EADDRINUSE, -ENOMEM, or the id of the pipe that lost its name.
 */
int64_t pymq_pipe_name(pymq_pipe *pipe, const char *name, size_t size,
                       int handover);
/* Returns how many messages wait; `*lost` is how many were dropped so far. */
int64_t pymq_pipe_unsent(pymq_pipe *pipe, int64_t *lost);
/* If this fails the descriptor is still the caller's. */
int pymq_pipe_attach(pymq_pipe *pipe, const pymq_link *link);
int pymq_pipe_join(pymq_pipe *pipe, pymq_pipe *other);
/* Returns 1 if nothing is left to do, 0 if PYMQ_PIPE_CLOSED will follow. */
int pymq_pipe_close(pymq_pipe *pipe, int drain, int keep_input);
int pymq_pipe_gone(pymq_pipe *pipe);

/* Gives a Python module own and own_body where CFFI's gc comes too early
 * (owner.h), and bind_hub and lent_object where there are builtins (builtin.h).
 * 0, 1 if the former, 2 if both. */
int pymq_extend(const char *name);

#endif
