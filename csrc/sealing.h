/* sealing.h - sealed frames: CurveZMQ (RFC 26) wraps each frame in a MESSAGE.
 *
 *     flags, length | 07 MESSAGE | nonce, 8 | tag, 16 | inner flags, 1 | body
 *
 * libsodium seals what begins with the inner flags.  The nonce only grows.
 * Everything here belongs to the engine's driver.
 */
#ifndef SEALING_H
#define SEALING_H
#include "codec.h"
#include "pymq.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEAL_OVERHEAD = 33, SEAL_NONCE = 24, SEAL_KEY = 32 };

struct sealing {
    pymq_box seal, open, open_easy;
    unsigned char key[SEAL_KEY];
    unsigned char sends[SEAL_NONCE], receives[SEAL_NONCE]; /* nonces */
    uint64_t sent, received;
    bool opened; /* the frame that is scanned next was opened */

    /* Sealed bytes that the kernel does not have all of. */
    unsigned char *bytes;
    size_t room, at, size;
    bool replies; /* they are our commands, which are not in the queue */
};

/* NULL when there is no memory. */
struct sealing *sealing_new(const pymq_sealing *with);
void sealing_free(struct sealing *sealing);

/* How many bytes a frame with such a body has on the wire. */
size_t sealing_wire_size(size_t body);

/* Seals a frame, behind those that are there. 0 or -ENOMEM. */
int sealing_add(struct sealing *sealing, const struct frame *frame);

/* The kernel has everything.  `more`: another frame will be sealed soon. */
void sealing_clear(struct sealing *sealing, bool more);

/* Opens the frame that begins at `at`, and puts its head directly in front of
 * its body.  Returns by how many octets it now begins later, or -EPROTO. */
int sealing_open(struct sealing *sealing, unsigned char *at,
                 const struct frame *frame);

#endif
