/* codec.c - see codec.h */
#include "codec.h"

#include <errno.h>
#include <string.h>

enum { OLD_LONG = 0xff, OLD_SHORT_MAX = 253 /* octets in the body */ };

void octets_put(unsigned char *to, int octets, uint64_t number)
{
    for (; octets > 0; number >>= 8)
        to[--octets] = (unsigned char)number;
}

uint64_t octets_get(const unsigned char *at, int octets)
{
    uint64_t number = 0;
    for (int i = 0; i < octets; i++)
        number = number << 8 | at[i];
    return number;
}

size_t frame_put_head(unsigned char *to, unsigned flags, size_t size)
{
    if (size <= 255) {
        to[0] = (unsigned char)flags;
        to[1] = (unsigned char)size;
        return 2;
    }
    to[0] = (unsigned char)(flags | FRAME_LONG);
    octets_put(to + 1, 8, size);
    return 9;
}

int frame_parse_any(const unsigned char *at, size_t have, struct frame *frame)
{
    if (have == 0)
        return 0;
    if (at[0] & FRAME_RESERVED)
        return -EPROTO;
    frame->flags = at[0];
    frame->head = at[0] & FRAME_LONG ? 9 : 2;
    frame->body = at + frame->head;
    if (have < frame->head)
        return 0;
    if (frame->head == 2) {
        frame->size = at[1];
        return 1;
    }
    frame->size = octets_get(at + 1, 8);
    return frame->size >> 63 ? -EPROTO : 1;
}

size_t frame_put_old_head(unsigned char *to, unsigned flags, uint64_t size)
{
    bool small = size <= OLD_SHORT_MAX;
    size_t head = small ? 2 : FRAME_OLD_HEAD;
    to[0] = small ? (unsigned char)(size + 1) : OLD_LONG;
    if (!small)
        octets_put(to + 1, 8, size + 1);
    to[head - 1] = flags & FRAME_MORE;
    return head;
}

int frame_parse_old(const unsigned char *at, size_t have, struct frame *frame)
{
    if (have == 0)
        return 0;
    frame->head = at[0] == OLD_LONG ? FRAME_OLD_HEAD : 2;
    frame->body = at + frame->head;
    if (have < frame->head)
        return 0;
    frame->size = (at[0] == OLD_LONG ? octets_get(at + 1, 8) : at[0]) - 1;
    frame->flags = at[frame->head - 1];
    return frame->flags & ~(unsigned)FRAME_MORE || frame->size >> 63 ? -EPROTO
                                                                     : 1;
}

size_t frame_renew(unsigned char *at, struct frame *frame)
{
    if (frame->head == 2) {
        frame_put_head(at, frame->flags, (size_t)frame->size);
        return 0;
    }
    frame->flags |= FRAME_LONG;
    frame->head = FRAME_HEAD;
    at[1] = (unsigned char)frame->flags;
    octets_put(at + 2, 8, frame->size);
    return 1;
}

int64_t frame_command(const struct frame *frame, const char *name,
                      const unsigned char **data)
{
    size_t size = strlen(name);
    if (frame->size < 1 + size || frame->body[0] != size
        || memcmp(frame->body + 1, name, size) != 0)
        return -1;
    *data = frame->body + 1 + size;
    return (int64_t)(frame->size - 1 - size);
}
