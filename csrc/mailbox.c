/* mailbox.c - see mailbox.h */
#include "mailbox.h"

#include "poller.h"

void mailbox_init(struct mailbox *box)
{
    pthread_mutex_init(&box->lock, NULL);
    list_init(&box->items);
    list_init(&box->bells);
    atomic_init(&box->news, false);
}

void mailbox_fini(struct mailbox *box)
{
    pthread_mutex_destroy(&box->lock);
}

void end_init(struct end *end, struct mailbox *box)
{
    list_init(&end->node);
    end->posted = false;
    end->box = box;
}

static void ring(struct mailbox *box, unsigned news)
{
    atomic_store(&box->news, true);
    LIST_EACH (struct bell, bell, &box->bells, node)
        if (bell->news & news)
            wakeup_raise(&bell->wakeup);
}

void mailbox_post(struct end *end)
{
    if (end == NULL)
        return;
    struct mailbox *box = end->box;
    pthread_mutex_lock(&box->lock);
    if (!end->posted) {
        end->posted = true;
        list_append(&box->items, &end->node);
        ring(box, ANY_NEWS);
    }
    pthread_mutex_unlock(&box->lock);
}

void mailbox_withdraw(struct end *end)
{
    pthread_mutex_lock(&end->box->lock);
    list_remove(&end->node);
    end->posted = false;
    pthread_mutex_unlock(&end->box->lock);
}

void mailbox_ring(struct mailbox *box, unsigned news)
{
    pthread_mutex_lock(&box->lock);
    ring(box, news);
    pthread_mutex_unlock(&box->lock);
}

struct end *mailbox_take(struct mailbox *box)
{
    struct end *end = NULL;
    pthread_mutex_lock(&box->lock);
    if (!list_empty(&box->items)) {
        end = OWNER(box->items.next, struct end, node);
        list_remove(&end->node);
        end->posted = false;
    }
    atomic_store_explicit(&box->news, !list_empty(&box->items),
                          memory_order_relaxed);
    pthread_mutex_unlock(&box->lock);
    return end;
}

size_t mailbox_count(struct mailbox *box)
{
    size_t count = 0;
    pthread_mutex_lock(&box->lock);
    for (struct list *at = box->items.next; at != &box->items; at = at->next)
        count++;
    pthread_mutex_unlock(&box->lock);
    return count;
}

void bell_init(struct bell *bell)
{
    list_init(&bell->node);
    wakeup_init(&bell->wakeup);
    bell->news = ANY_NEWS;
    bell->poller = NULL;
}

void bell_fini(struct bell *bell)
{
    if (bell->poller != NULL)
        poller_free(bell->poller);
    wakeup_fini(&bell->wakeup);
}

int mailbox_watch(struct mailbox *box, struct bell *bell)
{
    pthread_mutex_lock(&box->lock);
    int fd = wakeup_fd(&bell->wakeup);
    if (fd >= 0 && !list_linked(&bell->node))
        list_append(&box->bells, &bell->node);
    pthread_mutex_unlock(&box->lock);
    return fd;
}

void mailbox_hush(struct mailbox *box, struct bell *bell)
{
    pthread_mutex_lock(&box->lock);
    wakeup_clear(&bell->wakeup);
    pthread_mutex_unlock(&box->lock);
}

void mailbox_unwatch(struct mailbox *box, struct bell *bell)
{
    pthread_mutex_lock(&box->lock);
    list_remove(&bell->node);
    wakeup_clear(&bell->wakeup);
    pthread_mutex_unlock(&box->lock);
}
