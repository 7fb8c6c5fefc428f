/* sealing.c - see sealing.h */
#include "sealing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAME = 8,    /* octets of 07 MESSAGE */
    COUNTER = 8, /* octets of the nonce that are sent */
    TAG = 16,
    BEFORE = NAME + COUNTER + TAG, /* zeros in front of what NaCl seals */
    SHORT = 512, /* up to there the "easy" function opens faster */
    SEALED_MORE = 1,
    SEALED_COMMAND = 2, /* RFC 26 has no commands, but libzmq does */
    KEPT = 4096,        /* bytes of room that stay when all was sent */
    MOST = 256 * 1024   /* ... and while there is more to send */
};

static const unsigned char name[NAME] = {7,   'M', 'E', 'S',
                                         'S', 'A', 'G', 'E'};

struct sealing *sealing_new(const pymq_sealing *with)
{
    static const char *const prefixes[] = {"CurveZMQMESSAGEC",
                                           "CurveZMQMESSAGES"};
    struct sealing *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    bool server = with->as_server != 0;
    s->seal = with->seal;
    s->open = with->open;
    s->open_easy = with->open_easy;
    memcpy(s->key, with->key, sizeof s->key);
    memcpy(s->sends, prefixes[server], SEAL_NONCE - COUNTER);
    memcpy(s->receives, prefixes[!server], SEAL_NONCE - COUNTER);
    s->sent = with->sent;
    s->received = with->received;
    return s;
}

/* A compiler may leave a memset out whose result nobody reads. */
static void wipe(unsigned char *at, size_t size)
{
    volatile unsigned char *octets = at;
    while (size-- > 0)
        octets[size] = 0;
}

void sealing_free(struct sealing *sealing)
{
    if (sealing == NULL)
        return;
    wipe(sealing->key, sizeof sealing->key);
    free(sealing->bytes);
    free(sealing);
}

size_t sealing_wire_size(size_t body)
{
    return frame_head(body + SEAL_OVERHEAD) + SEAL_OVERHEAD + body;
}

static int make_room(struct sealing *s, size_t more)
{
    if (s->room - s->size >= more)
        return 0;
    size_t room = s->room > 0 ? 2 * s->room : KEPT;
    if (room < s->size + more)
        room = s->size + more;
    unsigned char *bytes = realloc(s->bytes, room);
    if (bytes == NULL)
        return -ENOMEM;
    s->bytes = bytes;
    s->room = room;
    return 0;
}

int sealing_add(struct sealing *sealing, const struct frame *frame)
{
    size_t size = (size_t)frame->size;
    int result = make_room(sealing, sealing_wire_size(size));
    if (result < 0)
        return result;
    unsigned char *at = sealing->bytes + sealing->size;
    at += frame_put_head(at, 0, SEAL_OVERHEAD + size);
    unsigned char *nonce = sealing->sends + SEAL_NONCE - COUNTER;
    octets_put(nonce, COUNTER, ++sealing->sent);
    unsigned char *plain = at + BEFORE; /* sealed where it lies */
    memset(at, 0, BEFORE);
    plain[0] = frame->flags & FRAME_MORE ? SEALED_MORE : 0;
    if (frame->flags & FRAME_COMMAND)
        plain[0] = SEALED_COMMAND;
    if (size > 0)
        memcpy(plain + 1, frame->body, size);
    if (sealing->seal(at, at, BEFORE + size + 1, sealing->sends, sealing->key))
        return -ENOMEM; /* it is longer than any memory */
    memcpy(at, name, NAME);
    memcpy(at + NAME, nonce, COUNTER);
    sealing->size += sealing_wire_size(size);
    return 0;
}

void sealing_clear(struct sealing *sealing, bool more)
{
    sealing->at = sealing->size = 0;
    sealing->replies = false;
    if (sealing->room <= (more ? MOST : KEPT))
        return;
    free(sealing->bytes);
    sealing->bytes = NULL;
    sealing->room = 0;
}

static int unseal(struct sealing *s, unsigned char *message, size_t size)
{
    enum { FREE = BEFORE - TAG };
    if (size <= SHORT && s->open_easy != NULL)
        return s->open_easy(message + BEFORE, message + FREE, size - FREE,
                            s->receives, s->key);
    memset(message, 0, FREE);
    return s->open(message, message, size, s->receives, s->key);
}

/* The inner flags, decrypted in place, or -EPROTO. */
static int open_box(struct sealing *s, unsigned char *message, size_t size)
{
    if (size < SEAL_OVERHEAD || memcmp(message, name, NAME) != 0)
        return -EPROTO;
    uint64_t counter = octets_get(message + NAME, COUNTER);
    if (counter <= s->received)
        return -EPROTO;
    memcpy(s->receives + SEAL_NONCE - COUNTER, message + NAME, COUNTER);
    if (unseal(s, message, size) != 0)
        return -EPROTO;
    s->received = counter;
    return message[BEFORE];
}

int sealing_open(struct sealing *sealing, unsigned char *at,
                 const struct frame *frame)
{
    size_t size = (size_t)frame->size;
    int flags = open_box(sealing, at + frame->head, size);
    if (flags < 0 || flags > (SEALED_MORE | SEALED_COMMAND))
        return -EPROTO;
    unsigned plain = flags & SEALED_MORE ? FRAME_MORE : 0;
    if (flags & SEALED_COMMAND)
        plain |= FRAME_COMMAND;
    size_t body = size - SEAL_OVERHEAD;
    size_t head = frame_head(body);
    size_t later = frame->head + SEAL_OVERHEAD - head;
    frame_put_head(at + later, plain, body);
    return (int)later;
}
