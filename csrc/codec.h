/* codec.h - ZMTP frames of the traffic phase.
 *
 *     flags, 1 octet | length, 1 or 8 octets, big-endian | body
 *
 * is a frame of 2.0 and 3.x (RFC 15, RFC 37), and of our queues.  An *old* one
 * is of 1.0 (RFC 13); its length counts the flags, too:
 *
 *     length, 1 octet, or ff and 8 octets | flags, 1 octet | body
 *
 * Pure functions over bytes.
 */
#ifndef CODEC_H
#define CODEC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    FRAME_MORE = 1,    /* another frame of the message follows */
    FRAME_LONG = 2,    /* the length has 8 octets */
    FRAME_COMMAND = 4, /* no part of a message */
    FRAME_RESERVED = 0xf8,
    FRAME_HEAD = 9, /* octets before the body, at most */
    FRAME_OLD_HEAD = 10
};

/* Numbers in big-endian order. */
void octets_put(unsigned char *to, int octets, uint64_t number);
uint64_t octets_get(const unsigned char *at, int octets);

struct frame {
    unsigned flags;
    size_t head;   /* octets before the body */
    uint64_t size; /* octets in the body */
    const unsigned char *body;
};

/* How many octets stand before a body of `size`. */
static inline size_t frame_head(size_t size)
{
    return size > 255 ? 9 : 2;
}

/* Writes flags and length, returns how many octets that took.  FRAME_LONG is
 * set as needed. */
size_t frame_put_head(unsigned char *to, unsigned flags, size_t size);

/* Writes all of a frame, returns how many octets that took. */
static inline size_t frame_put(unsigned char *to, unsigned flags,
                               const void *body, size_t size)
{
    size_t head = frame_put_head(to, flags, size);
    if (size > 0)
        memcpy(to + head, body, size);
    return head + size;
}

/* Reads flags and length from `have` octets: 1, or 0 if more are needed, or
 * -EPROTO.  The body may still be incomplete. */
int frame_parse_any(const unsigned char *at, size_t have, struct frame *frame);
static inline int frame_parse(const unsigned char *at, size_t have,
                              struct frame *frame)
{
    if (have < 2 || at[0] & ~(FRAME_MORE | FRAME_COMMAND))
        return frame_parse_any(at, have, frame);
    *frame = (struct frame){at[0], 2, at[1], at + 2};
    return 1;
}

/* The same for old frames.  The flags are FRAME_MORE or none. */
size_t frame_put_old_head(unsigned char *to, unsigned flags, uint64_t size);
int frame_parse_old(const unsigned char *at, size_t have,
                    struct frame *frame);

/* Replaces the head of an old frame, at `at`, by a new one that ends at the
 * same place.  It may begin later; returns by how many octets. */
size_t frame_renew(unsigned char *at, struct frame *frame);

/* If `frame` is a command with that name, stores its data in `*data` and
 * returns the number of octets; else -1. */
int64_t frame_command(const struct frame *frame, const char *name,
                      const unsigned char **data);

/* Whether it is the last frame of a message, or a command. */
static inline bool frame_ends(const struct frame *frame)
{
    return (frame->flags & (FRAME_MORE | FRAME_COMMAND)) != FRAME_MORE;
}

#endif
