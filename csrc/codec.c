/* codec.c - see codec.h */
#include "codec.h"

#include <errno.h>
#include <string.h>

size_t frame_put_head(unsigned char *to, unsigned flags, size_t size)
{
    if (size <= 255) {
        to[0] = (unsigned char)flags;
        to[1] = (unsigned char)size;
        return 2;
    }
    to[0] = (unsigned char)(flags | FRAME_LONG);
    for (int i = 0; i < 8; i++)
        to[1 + i] = (unsigned char)((uint64_t)size >> (56 - 8 * i));
    return 9;
}

int frame_parse(const unsigned char *at, size_t have, struct frame *frame)
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
    uint64_t size = 0;
    for (int i = 1; i < 9; i++)
        size = size << 8 | at[i];
    frame->size = size;
    return size >> 63 ? -EPROTO : 1;
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
