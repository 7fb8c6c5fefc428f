/* libzmq.c - the benchmark's workloads over libzmq's C API (libzmq.h). */
#include "libzmq.h"

#include <pthread.h>
#include <sys/resource.h>

static void *new_context(const struct options *options)
{
    load(options->library);
    void *context = zmq.ctx_new();
    if (!context)
        fail_zmq("zmq_ctx_new");
    return context;
}

static void set_number_option(void *socket, int name, long value)
{
    int number = (int)value;
    if (zmq.setsockopt(socket, name, &number, sizeof number) < 0)
        fail_zmq("zmq_setsockopt");
}

static void *open_socket(void *context, enum socket_type type,
                         const struct options *options)
{
    void *socket = zmq.socket(context, (int)type);
    if (!socket)
        fail_zmq("zmq_socket");
    if (options->hwm >= 0) {
        set_number_option(socket, SNDHWM, options->hwm);
        set_number_option(socket, RCVHWM, options->hwm);
    }
    if (options->sndbuf > 0)
        set_number_option(socket, SNDBUF, options->sndbuf);
    if (options->rcvbuf > 0)
        set_number_option(socket, RCVBUF, options->rcvbuf);
    set_number_option(socket, SNDTIMEO, PATIENCE_MS);
    set_number_option(socket, RCVTIMEO, PATIENCE_MS);
    set_number_option(socket, LINGER, PATIENCE_MS);
    return socket;
}

static void bind_socket(void *socket, const struct options *options)
{
    const char *endpoint = endpoint_of(options);
    set_number_option(socket, BACKLOG, options->subscribers + 100);
    if (zmq.bind(socket, endpoint) < 0)
        fail_zmq(endpoint);
}

static void announce(void *socket)
{
    char endpoint[512];
    size_t size = sizeof endpoint;
    if (zmq.getsockopt(socket, LAST_ENDPOINT, endpoint, &size) < 0)
        fail_zmq("zmq_getsockopt");
    print_endpoint(endpoint);
}

static void connect_socket(void *socket, const struct options *options)
{
    const char *endpoint = endpoint_of(options);
    if (zmq.connect(socket, endpoint) < 0)
        fail_zmq(endpoint);
}

static void *serve(void *context, enum socket_type type,
                   const struct options *options)
{
    void *socket = open_socket(context, type, options);
    bind_socket(socket, options);
    announce(socket);
    return socket;
}

static void *dial(void *context, enum socket_type type,
                  const struct options *options)
{
    void *socket = open_socket(context, type, options);
    connect_socket(socket, options);
    return socket;
}

static void finish(void *context, void *socket)
{
    zmq.close(socket);
    if (zmq.ctx_term(context) < 0)
        fail_zmq("zmq_ctx_term");
}

static void send_body(void *socket, const char *body, size_t size)
{
    if (zmq.send(socket, body, size, 0) < 0)
        fail_zmq("zmq_send");
}

/* Takes the message over without a copy, and drops the one before. */
static void recv_body(void *socket, struct message *message, size_t size)
{
    int got = zmq.msg_recv(message, socket, 0);
    if (got < 0)
        fail_zmq("zmq_msg_recv");
    if ((size_t)got != size)
        fail("a message of %d bytes came, not of %zu", got, size);
}

static void send_all(void *socket, const struct options *options)
{
    size_t size = (size_t)options->size;
    char *body = allocate(size);
    for (long i = 0; i < options->count + options->warm; i++)
        send_body(socket, body, size);
    free(body);
}

static void recv_all(void *socket, const struct options *options)
{
    size_t size = (size_t)options->size;
    struct message message;
    zmq.msg_init(&message);
    for (long i = 0; i < options->warm + 1; i++)
        recv_body(socket, &message, size);
    struct timer begin = timer_start();
    for (long left = options->count - 1; left > 0; left--)
        recv_body(socket, &message, size);
    print_result(
        (struct result){timer_stop(begin), options->count - 1, 0, 0});
    zmq.msg_close(&message);
}

static void receive(const struct options *options)
{
    void *context = new_context(options);
    void *socket = serve(context, PULL, options);
    recv_all(socket, options);
    finish(context, socket);
}

static void transmit(const struct options *options)
{
    void *context = new_context(options);
    void *socket = dial(context, PUSH, options);
    struct timer begin = timer_start();
    send_all(socket, options);
    hold();
    finish(context, socket);
    long count = options->count + options->warm;
    print_result((struct result){timer_stop(begin), count, 0, 0});
}

struct flow {
    void *context;
    const struct options *options;
};

static void *run_sender(void *argument)
{
    const struct flow *flow = argument;
    void *socket = dial(flow->context, PUSH, flow->options);
    send_all(socket, flow->options);
    zmq.close(socket);
    return NULL;
}

static void flow_in_process(const struct options *options)
{
    void *context = new_context(options);
    void *socket = open_socket(context, PULL, options);
    bind_socket(socket, options);
    struct flow flow = {context, options};
    pthread_t sender;
    if (pthread_create(&sender, NULL, run_sender, &flow))
        fail("no second thread");
    recv_all(socket, options);
    pthread_join(sender, NULL);
    finish(context, socket);
}

static void alternate(const struct options *options)
{
    size_t size = (size_t)options->size;
    char *body = allocate(size);
    struct message message;
    void *context = new_context(options);
    void *to = open_socket(context, PAIR, options);
    void *from = open_socket(context, PAIR, options);
    bind_socket(to, options);
    connect_socket(from, options);
    zmq.msg_init(&message);
    struct timer begin = timer_start();
    for (long i = 0; i < options->count; i++) {
        send_body(from, body, size);
        recv_body(to, &message, size);
    }
    print_result((struct result){timer_stop(begin), options->count, 0, 0});
    zmq.msg_close(&message);
    zmq.close(from);
    finish(context, to);
    free(body);
}

static const struct pattern {
    const char *name;
    enum socket_type client, server;
} patterns[] = {
    {"reqrep", REQ, REP},
    {"dealerrouter", DEALER, ROUTER},
};

static const struct pattern *find_pattern(const char *name)
{
    for (size_t i = 0; i < LENGTH(patterns); i++)
        if (!strcmp(patterns[i].name, name))
            return &patterns[i];
    fail("pattern=%s: must be reqrep or dealerrouter", name);
}

struct peer {
    void *socket;
    char *body;
    size_t size;
    struct message reply;
};

static void exchange(void *argument)
{
    struct peer *peer = argument;
    send_body(peer->socket, peer->body, peer->size);
    recv_body(peer->socket, &peer->reply, peer->size);
}

static void ask(const struct options *options)
{
    const struct pattern *pattern = find_pattern(options->pattern);
    size_t size = (size_t)options->size;
    void *context = new_context(options);
    struct peer peer = {dial(context, pattern->client, options),
                        allocate(size), size, {{0}}};
    zmq.msg_init(&peer.reply);
    time_round_trips(options, exchange, &peer);
    zmq.msg_close(&peer.reply);
    finish(context, peer.socket);
    free(peer.body);
}

/* All frames of a request go back, a ROUTER's first one being the name. */
static void answer_one(void *socket, struct message *frame)
{
    int more;
    do {
        if (zmq.msg_recv(frame, socket, 0) < 0)
            fail_zmq("zmq_msg_recv");
        more = zmq.msg_more(frame);
        if (zmq.msg_send(frame, socket, more ? SNDMORE : 0) < 0)
            fail_zmq("zmq_msg_send");
    } while (more);
}

static void answer(const struct options *options)
{
    const struct pattern *pattern = find_pattern(options->pattern);
    struct message frame;
    void *context = new_context(options);
    void *socket = serve(context, pattern->server, options);
    struct timer begin = timer_start();
    zmq.msg_init(&frame);
    for (long i = 0; i < options->count + WARM_UP; i++)
        answer_one(socket, &frame);
    print_result((struct result){timer_stop(begin), options->count, 0, 0});
    zmq.msg_close(&frame);
    finish(context, socket);
}

/* Nothing may be dropped, and each of many sockets needs descriptors and a
 * place in the context.
 */
static void *new_wide_context(struct options *options)
{
    struct rlimit limit;
    void *context = new_context(options);
    if (options->hwm < 0)
        options->hwm = 0;
    if (!getrlimit(RLIMIT_NOFILE, &limit)) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (zmq.ctx_set(context, MAX_SOCKETS, (int)options->subscribers + 16) < 0)
        fail_zmq("zmq_ctx_set");
    return context;
}

/* A subscription reaches an XPUB as a message: 1, then the topic. VERBOSE,
 * since all subscribers want the same one.
 */
static void publish(const struct options *given)
{
    char subscription[2];
    struct options options = *given;
    void *context = new_wide_context(&options);
    void *socket = open_socket(context, XPUB, &options);
    set_number_option(socket, XPUB_VERBOSE, 1);
    bind_socket(socket, &options);
    announce(socket);
    for (long i = 0; i < options.subscribers; i++)
        if (zmq.recv(socket, subscription, sizeof subscription, 0) != 1)
            fail_zmq("waiting for subscriptions");
    struct timer begin = timer_start();
    send_all(socket, &options);
    hold();
    finish(context, socket);
    print_result((struct result){timer_stop(begin), options.count, 0, 0});
}

/* One message of each in turn: all read at the pace of the slowest. */
static struct timer recv_in_turn(void **sockets, const struct options *options)
{
    size_t size = (size_t)options->size;
    struct timer begin = {0, 0};
    struct message message;
    zmq.msg_init(&message);
    for (long i = 0; i < options->count; i++)
        for (long j = 0; j < options->subscribers; j++) {
            recv_body(sockets[j], &message, size);
            if (i == 0 && j == 0)
                begin = timer_start();
        }
    zmq.msg_close(&message);
    return timer_stop(begin);
}

/* Its messages are deliveries, to all subscribers together. */
static void subscribe(const struct options *given)
{
    struct options options = *given;
    void *context = new_wide_context(&options);
    long n = options.subscribers;
    void **sockets = allocate((size_t)n * sizeof *sockets);
    for (long i = 0; i < n; i++) {
        sockets[i] = open_socket(context, SUB, &options);
        if (zmq.setsockopt(sockets[i], SUBSCRIBE, "", 0) < 0)
            fail_zmq("zmq_setsockopt");
        connect_socket(sockets[i], &options);
    }
    struct timer spent = recv_in_turn(sockets, &options);
    print_result((struct result){spent, n * options.count - 1, 0, 0});
    for (long i = 1; i < n; i++)
        zmq.close(sockets[i]);
    finish(context, sockets[0]);
    free(sockets);
}

static void tell_version(const struct options *options)
{
    int major, minor, patch;
    load(options->library);
    zmq.version(&major, &minor, &patch);
    printf("{\"version\": \"%d.%d.%d\"}\n", major, minor, patch);
}

static const struct task tasks[] = {
    {"about", "both", tell_version},
    {"throughput", "receiver", receive},
    {"throughput", "sender", transmit},
    {"throughput", "both", flow_in_process},
    {"roundtrip", "client", ask},
    {"roundtrip", "server", answer},
    {"same", "both", alternate},
    {"fanout", "publisher", publish},
    {"fanout", "subscriber", subscribe},
};

int main(int count, char **arguments)
{
    return run_task(count, arguments, tasks, LENGTH(tasks));
}
