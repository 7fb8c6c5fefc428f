/* message.c - whole messages with one call, so that nobody's frames get
 * between; see hub.h */
#include "hub.h"

#include "loan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Sending. */

/* Makes chunks of what is lent: all, or none and -ENOBUFS. */
static int lend(pymq_part *parts, int count)
{
    int made = 0;
    for (; made < count; made++) {
        pymq_part *part = &parts[made];
        part->chunk = NULL;
        if (part->token != 0)
            part->chunk = loan_new(part->data, part->size, part->token);
        if (part->token != 0 && part->chunk == NULL)
            break;
    }
    if (made == count)
        return 0;
    while (made-- > 0)
        loan_cancel(parts[made].chunk);
    return -ENOBUFS;
}

static int send_parts(struct hub *hub, const pymq_part *parts, int count,
                      bool more)
{
    int result = 0;
    for (int i = 0; i < count && result == 0; i++) {
        bool last = i == count - 1;
        hub->lent = parts[i].chunk;
        result = hub_send(hub, parts[i].data, parts[i].size, more || !last);
        if (result < 0 && i > 0)
            hub_abandon(hub);
    }
    hub->lent = NULL;
    return result;
}

int pymq_hub_send_message(pymq_hub *hub, pymq_part *parts, int count,
                          int more)
{
    if (lend(parts, count) < 0)
        return -ENOBUFS;
    int result = hub_enter(hub);
    if (result == 0)
        result = send_parts(hub, parts, count, more);
    if (result == -EAGAIN)
        hub_quieten(hub);
    pthread_mutex_unlock(&hub->lock);
    for (int i = 0; i < count; i++)
        chunk_drop(parts[i].chunk);
    return result;
}

int pymq_hub_ask(pymq_hub *hub, pymq_part *parts, int count, int again)
{
    struct turns *turns = &hub->turns;
    int result = hub_enter(hub);
    if (result == 0 && turns->kind != PYMQ_ASKS)
        result = -ENOTSUP;
    if (result == 0 && hub->sending)
        result = -PYMQ_EFSM;
    if (result == 0) {
        turns->asking = again ? ASKING_AGAIN : ASKING_ANEW;
        result = send_parts(hub, parts, count, false);
        turns->asking = ASKING_NOT;
        turns->asked = 0;
        turns->owed = true;
    }
    pthread_mutex_unlock(&hub->lock);
    return result;
}

void pymq_hub_give_up(pymq_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    turns_give_up(hub);
    pthread_mutex_unlock(&hub->lock);
}

/* Receiving. */

static pymq_part *next_part(pymq_message *message)
{
    if (message->count < message->room)
        return &message->parts[message->count];
    size_t room = 2 * (size_t)message->room;
    bool few = message->parts == message->few;
    pymq_part *parts = realloc(few ? NULL : message->parts,
                               room * sizeof *parts);
    if (parts == NULL)
        return NULL;
    if (few)
        memcpy(parts, message->few, sizeof message->few);
    message->parts = parts;
    message->room = (int)room;
    return &parts[message->count];
}

int64_t hub_recv_message(struct hub *hub, void *into)
{
    pymq_message *message = into;
    int64_t more = 1;
    message->parts = message->few;
    message->room = PYMQ_FEW;
    message->count = 0;
    message->chunk = NULL;
    while (more > 0) {
        pymq_part *part = next_part(message);
        more = part ? hub_recv_part(hub, message, part) : -ENOMEM;
        message->count += more >= 0;
    }
    if (more < 0)
        pymq_message_clear(message);
    return more;
}

void pymq_message_clear(pymq_message *message)
{
    for (int i = 0; i < message->count; i++)
        chunk_drop(message->parts[i].chunk);
    if (message->parts != message->few)
        free(message->parts);
    message->parts = message->few;
    message->count = 0;
}
