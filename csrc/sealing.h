/* sealing.h - frames that are sealed, each in a frame of its own: MESSAGE of
 * CurveZMQ (RFC 26).
 *
 *     flags, length | 07 MESSAGE | nonce, 8 | tag, 16 | inner flags, 1 | body
 *
 * From the inner flags on it is sealed, by libsodium.  The nonce only grows.
 * Whoever drives the engine owns all of this. */
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
    bool opened; /* what the engine scans next is as if it was never sealed */

    /* What was sealed, and the kernel has not all of. */
    unsigned char *bytes;
    size_t room, at, size;
    bool replies; /* it is commands of our own, which are not in the queue */
};

/* NULL when there is no memory. */
struct sealing *sealing_new(const pymq_sealing *with);
void sealing_free(struct sealing *sealing);

/* What a frame with such a body has on the wire. */
size_t sealing_wire_size(size_t body);

/* Seals a frame, behind what was.  0 or -ENOMEM. */
int sealing_add(struct sealing *sealing, const struct frame *frame);

/* All of it is with the kernel; `more` is to be sealed, or nothing for now. */
void sealing_clear(struct sealing *sealing, bool more);

/* Opens the frame that begins at `at`, and puts its head in front of its body.
 * Returns by how many octets it begins later, or -EPROTO. */
int sealing_open(struct sealing *sealing, unsigned char *at,
                 const struct frame *frame);

#endif
