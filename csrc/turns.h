/* turns.h - sending and receiving in turns (REQ, REP), and the envelopes that
 * tell whose reply a message is; see Turns in abc.py
 *
 * Over a hub's policies: in front of what its user sends goes an envelope, of
 * what it receives only the body is for him.  All under the hub's lock. */
#ifndef TURNS_H
#define TURNS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hub;
struct pipe;

/* Whether a request is sent for `request` (Hub.ask in abc.py). */
enum turns_asking { ASKING_NOT, ASKING_ANEW, ASKING_AGAIN };

struct turns {
    int kind;
    bool owed;       /* a reply: by whoever was asked, or by us */
    bool given_up;   /* a message in the middle; Python knows of more frames */
    int64_t asked;   /* pipe that has the request, 0: anybody's reply counts */
    uint32_t number; /* of the last request */
    enum turns_asking asking;
    /* Frames as on the wire: those in front of the last request and of its
     * reply; or of the request to be answered, behind its peer's name. */
    unsigned char *envelope;
    size_t size, room;
};

void turns_fini(struct turns *turns);

/* As hub_send, with what goes in front. */
int turns_send(struct hub *hub, const void *data, size_t size, bool more);
/* Waits for no reply any more. */
void turns_give_up(struct hub *hub);

/* It may be the user's turn to send: wakes who listens for that.  An event loop
 * that reads is not told: who waits in it for a turn has a bell of his own. */
void turns_tell(struct hub *hub);
/* Whether it is the user's turn. */
bool turns_may_receive(const struct hub *hub);
bool turns_may_send(const struct hub *hub);
/* Whether the message in front is one for the user, when it is his turn. */
bool turns_suits(const struct hub *hub, const struct pipe *pipe);
/* Takes the envelope off it.  0 or -ENOMEM. */
int turns_open(struct hub *hub, struct pipe *pipe);

#endif
