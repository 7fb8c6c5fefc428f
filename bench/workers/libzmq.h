/* libzmq.h - libzmq's C API, as far as the benchmark needs it.
 *
 * The library is the one inside pyzmq's wheel, which has no header: it is
 * opened at run time, and the few functions and numbers of its public
 * interface that are needed are declared here.
 */
#ifndef LIBZMQ_H
#define LIBZMQ_H
#include "worker.h"

#include <dlfcn.h>
#include <errno.h>

enum socket_type {
    PAIR = 0,
    SUB = 2,
    REQ = 3,
    REP = 4,
    DEALER = 5,
    ROUTER = 6,
    PULL = 7,
    PUSH = 8,
    XPUB = 9,
};

enum socket_option {
    SUBSCRIBE = 6,
    SNDBUF = 11,
    RCVBUF = 12,
    LINGER = 17,
    BACKLOG = 19,
    SNDHWM = 23,
    RCVHWM = 24,
    RCVTIMEO = 27,
    SNDTIMEO = 28,
    LAST_ENDPOINT = 32,
    XPUB_VERBOSE = 40,
};

enum { MAX_SOCKETS = 2 }; /* an option of a context */
enum { SNDMORE = 2 };     /* a flag of a send */

/* Opaque to its user: 64 bytes, aligned as a pointer. */
struct message {
    _Alignas(void *) unsigned char opaque[64];
};

static struct {
    void (*version)(int *, int *, int *);
    void *(*ctx_new)(void);
    int (*ctx_set)(void *, int, int);
    int (*ctx_term)(void *);
    void *(*socket)(void *, int);
    int (*close)(void *);
    int (*setsockopt)(void *, int, const void *, size_t);
    int (*getsockopt)(void *, int, void *, size_t *);
    int (*bind)(void *, const char *);
    int (*connect)(void *, const char *);
    int (*send)(void *, const void *, size_t, int);
    int (*recv)(void *, void *, size_t, int);
    int (*msg_init)(struct message *);
    int (*msg_send)(struct message *, void *, int);
    int (*msg_recv)(struct message *, void *, int);
    int (*msg_more)(const struct message *);
    int (*msg_close)(struct message *);
    int (*last_error)(void);
    const char *(*strerror)(int);
} zmq;

static const struct {
    const char *name;
    void *slot;
} functions[] = {
    {"zmq_version", &zmq.version},
    {"zmq_ctx_new", &zmq.ctx_new},
    {"zmq_ctx_set", &zmq.ctx_set},
    {"zmq_ctx_term", &zmq.ctx_term},
    {"zmq_socket", &zmq.socket},
    {"zmq_close", &zmq.close},
    {"zmq_setsockopt", &zmq.setsockopt},
    {"zmq_getsockopt", &zmq.getsockopt},
    {"zmq_bind", &zmq.bind},
    {"zmq_connect", &zmq.connect},
    {"zmq_send", &zmq.send},
    {"zmq_recv", &zmq.recv},
    {"zmq_msg_init", &zmq.msg_init},
    {"zmq_msg_send", &zmq.msg_send},
    {"zmq_msg_recv", &zmq.msg_recv},
    {"zmq_msg_more", &zmq.msg_more},
    {"zmq_msg_close", &zmq.msg_close},
    {"zmq_errno", &zmq.last_error},
    {"zmq_strerror", &zmq.strerror},
};

/* ISO C has no conversion from dlsym's pointer to one to a function; POSIX
 * says that both have one representation, so the bytes are copied.
 */
static inline void load(const char *path)
{
    if (!path)
        fail("library=PATH of libzmq's shared object is missing");
    void *library = dlopen(path, RTLD_NOW);
    if (!library)
        fail("%s", dlerror());
    for (size_t i = 0; i < LENGTH(functions); i++) {
        void *found = dlsym(library, functions[i].name);
        if (!found)
            fail("%s has no %s", path, functions[i].name);
        memcpy(functions[i].slot, &found, sizeof found);
    }
}

__attribute__((noreturn)) static inline void
fail_zmq(const char *what)
{
    int error = zmq.last_error();
    if (error == EAGAIN)
        fail("%s: no progress for %d s, the peer must be gone", what,
             PATIENCE_MS / 1000);
    fail("%s: %s", what, zmq.strerror(error));
}

#endif
