/* turns.h - REQ and REP: sending and receiving in turns, and the envelopes
 * that tell which request a reply belongs to (see Turns in routing.py).
 *
 * This is a layer over a hub's policies.  It puts an envelope in front of what
 * the user sends, and gives him only the body of what is received.  All of it
 * is under the hub's lock.
 */
#ifndef TURNS_H
#define TURNS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hub;
struct pipe;

/* Whether a request is sent by Socket.request (Hub.ask in abc.py). */
enum turns_asking { ASKING_NOT, ASKING_ANEW, ASKING_AGAIN };

struct turns {
    int kind;
    bool owed;       /* a reply is due, from the peer (REQ) or from us (REP) */
    bool given_up;   /* a message was cut short, and Python expects frames */
    int64_t asked;   /* pipe that has the request; 0: any reply counts */
    uint32_t number; /* number of the last request */
    enum turns_asking asking;
    /* Frames as on the wire.  REQ: those in front of the last request and of
     * its reply.  REP: those in front of the request that is to be answered,
     * behind its peer's name. */
    unsigned char *envelope;
    size_t size, room;
};

void turns_fini(struct turns *turns);

/* hub_send, with the envelope in front. */
int turns_send(struct hub *hub, const void *data, size_t size, bool more);
/* Stops waiting for a reply. */
void turns_give_up(struct hub *hub);

/* It may be the user's turn to send: wakes those who listen for that.  An
 * event loop that reads is not told; a task that waits for its turn there has
 * a bell of its own. */
void turns_tell(struct hub *hub);
/* Whether it is the user's turn. */
bool turns_may_receive(const struct hub *hub);
bool turns_may_send(const struct hub *hub);
/* Whether the next message of a pipe is for the user, when it is his turn. */
bool turns_suits(const struct hub *hub, const struct pipe *pipe);
/* Takes the envelope off that message. 0 or -ENOMEM. */
int turns_open(struct hub *hub, struct pipe *pipe);

#endif
