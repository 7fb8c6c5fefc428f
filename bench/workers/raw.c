/* raw.c - the floor: the benchmark's workloads over plain stream sockets.
 *
 * No framing: both sides know the size of a message. What these programs do
 * per message is what any implementation must at least ask of the kernel.
 */
#include "worker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BLOCK_SIZE 65536

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_in tcp;
        struct sockaddr_un ipc;
    } at;
    socklen_t size;
};

__attribute__((noreturn)) static void fail_errno(const char *what)
{
    fail("%s: %s", what, strerror(errno));
}

static void parse_tcp(const char *text, struct address *address)
{
    char host[INET_ADDRSTRLEN] = "";
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host)
        fail("tcp://%s: not of the form A.B.C.D:PORT", text);
    memcpy(host, text, (size_t)(colon - text));
    address->at.tcp.sin_family = AF_INET;
    address->at.tcp.sin_port = htons((uint16_t)atoi(colon + 1));
    address->size = sizeof address->at.tcp;
    if (inet_pton(AF_INET, host, &address->at.tcp.sin_addr) != 1)
        fail("tcp://%s: the host must be an IPv4 address", text);
}

static void parse_ipc(const char *text, struct address *address)
{
    if (strlen(text) >= sizeof address->at.ipc.sun_path)
        fail("ipc://%s: the path is too long for a socket", text);
    address->at.ipc.sun_family = AF_UNIX;
    memcpy(address->at.ipc.sun_path, text, strlen(text) + 1);
    address->size = sizeof address->at.ipc;
}

static const struct {
    const char *scheme;
    void (*parse)(const char *, struct address *);
} schemes[] = {
    {"tcp://", parse_tcp},
    {"ipc://", parse_ipc},
};

static struct address parse_endpoint(const char *endpoint)
{
    struct address address;
    memset(&address, 0, sizeof address);
    for (size_t i = 0; i < LENGTH(schemes); i++) {
        size_t length = strlen(schemes[i].scheme);
        if (!strncmp(endpoint, schemes[i].scheme, length)) {
            schemes[i].parse(endpoint + length, &address);
            return address;
        }
    }
    fail("%s: only tcp:// and ipc:///path are known", endpoint);
}

static void set_socket_option(int fd, int level, int name, long value)
{
    int number = (int)value;
    if (setsockopt(fd, level, name, &number, sizeof number) < 0)
        fail_errno("setsockopt");
}

/* TCP takes the size of its window from the buffer at connect or listen, so
 * buffers are set before; accepted connections inherit them.
 */
static int open_socket(const struct options *options, int family)
{
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd < 0)
        fail_errno("socket");
    if (options->sndbuf > 0)
        set_socket_option(fd, SOL_SOCKET, SO_SNDBUF, options->sndbuf);
    if (options->rcvbuf > 0)
        set_socket_option(fd, SOL_SOCKET, SO_RCVBUF, options->rcvbuf);
    if (family == AF_INET)
        set_socket_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return fd;
}

static void announce(int fd, const char *asked)
{
    struct address bound;
    char host[INET_ADDRSTRLEN], endpoint[INET_ADDRSTRLEN + 16];
    bound.size = sizeof bound.at;
    if (getsockname(fd, &bound.at.any, &bound.size) < 0)
        fail_errno("getsockname");
    if (bound.at.any.sa_family == AF_UNIX) {
        print_endpoint(asked);
        return;
    }
    inet_ntop(AF_INET, &bound.at.tcp.sin_addr, host, sizeof host);
    snprintf(endpoint, sizeof endpoint, "tcp://%s:%d", host,
             ntohs(bound.at.tcp.sin_port));
    print_endpoint(endpoint);
}

/* Listens, says where, and returns the one connection that comes. */
static int serve(const struct options *options)
{
    struct address address = parse_endpoint(endpoint_of(options));
    int family = address.at.any.sa_family;
    int listener = open_socket(options, family);
    if (family == AF_UNIX)
        unlink(address.at.ipc.sun_path);
    if (bind(listener, &address.at.any, address.size) < 0 ||
        listen(listener, 1) < 0)
        fail_errno(options->endpoint);
    announce(listener, options->endpoint);
    struct pollfd wait = {listener, POLLIN, 0};
    if (poll(&wait, 1, PATIENCE_MS) != 1)
        fail("nobody connected to %s", options->endpoint);
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        fail_errno("accept");
    if (family == AF_INET)
        set_socket_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    else
        unlink(address.at.ipc.sun_path);
    close(listener);
    return fd;
}

static int dial(const struct options *options)
{
    struct address address = parse_endpoint(endpoint_of(options));
    int fd = open_socket(options, address.at.any.sa_family);
    if (connect(fd, &address.at.any, address.size) < 0)
        fail_errno(options->endpoint);
    return fd;
}

static void send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, 0);
        if (sent < 0)
            fail_errno("send");
        data += sent;
        size -= (size_t)sent;
    }
}

static size_t recv_some(int fd, char *data, size_t room)
{
    ssize_t got = recv(fd, data, room, 0);
    if (got < 0)
        fail_errno("recv");
    if (got == 0)
        fail("the peer closed the connection too early");
    return (size_t)got;
}

static void recv_all(int fd, char *data, size_t size)
{
    while (size > 0) {
        size_t got = recv_some(fd, data, size);
        data += got;
        size -= got;
    }
}

/* Messages larger than a block are each put together in one place, as any
 * implementation must; smaller ones come many to a block.
 */
static void receive(const struct options *options)
{
    size_t size = (size_t)options->size;
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    char *data = allocate(room);
    int fd = serve(options);
    for (long i = 0; i < options->warm + 1; i++)
        recv_all(fd, data, size);
    struct timer begin = timer_start();
    long left = options->count - 1;
    if (size > BLOCK_SIZE) {
        for (; left > 0; left--)
            recv_all(fd, data, size);
    } else {
        for (size_t bytes = (size_t)left * size; bytes > 0;)
            bytes -= recv_some(fd, data, bytes < room ? bytes : room);
    }
    print_result(
        (struct result){timer_stop(begin), options->count - 1, 0, 0});
    close(fd);
    free(data);
}

static void transmit(const struct options *options)
{
    size_t size = (size_t)options->size;
    long block = options->many && options->size < BLOCK_SIZE
                     ? BLOCK_SIZE / options->size
                     : 1;
    char *data = allocate((size_t)block * size);
    int fd = dial(options);
    struct timer begin = timer_start();
    long count = options->count + options->warm;
    for (long left = count; left > 0; left -= block) {
        if (block > left)
            block = left;
        send_all(fd, data, (size_t)block * size);
    }
    print_result((struct result){timer_stop(begin), count, 0, 0});
    close(fd);
    free(data);
}

struct peer {
    int fd;
    char *data;
    size_t size;
};

static void exchange(void *context)
{
    const struct peer *peer = context;
    send_all(peer->fd, peer->data, peer->size);
    recv_all(peer->fd, peer->data, peer->size);
}

static void ask(const struct options *options)
{
    size_t size = (size_t)options->size;
    struct peer peer = {dial(options), allocate(size), size};
    time_round_trips(options, exchange, &peer);
    close(peer.fd);
    free(peer.data);
}

static void answer(const struct options *options)
{
    size_t size = (size_t)options->size;
    struct peer peer = {serve(options), allocate(size), size};
    struct timer begin = timer_start();
    for (long i = 0; i < options->count + WARM_UP; i++) {
        recv_all(peer.fd, peer.data, size);
        send_all(peer.fd, peer.data, size);
    }
    print_result((struct result){timer_stop(begin), options->count, 0, 0});
    close(peer.fd);
    free(peer.data);
}

static void tell_version(const struct options *options)
{
    (void)options;
    printf("{\"version\": \"cc %s\"}\n", __VERSION__);
}

static const struct task tasks[] = {
    {"about", "both", tell_version},
    {"throughput", "receiver", receive},
    {"throughput", "sender", transmit},
    {"roundtrip", "client", ask},
    {"roundtrip", "server", answer},
};

int main(int count, char **arguments)
{
    signal(SIGPIPE, SIG_IGN);
    return run_task(count, arguments, tasks, LENGTH(tasks));
}
