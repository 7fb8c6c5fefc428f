/* list.h - a doubly linked list whose nodes lie inside what they link.
 *
 * A node that is in no list points at itself, so removing twice is harmless.
 */
#ifndef LIST_H
#define LIST_H
#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *prev, *next;
};

/* The struct of `type` whose `member` is at `node`. */
#define OWNER(node, type, member) \
    ((type *)(void *)((char *)(node) - offsetof(type, member)))

/* For each struct of `type` in a list that does not change meanwhile. */
#define LIST_EACH(type, item, list, member)              \
    for (type *item = OWNER((list)->next, type, member); \
         &item->member != (list);                        \
         item = OWNER(item->member.next, type, member))

static inline void list_init(struct list *list)
{
    list->prev = list->next = list;
}

static inline bool list_empty(const struct list *list)
{
    return list->next == list;
}

static inline bool list_linked(const struct list *node)
{
    return node->next != node;
}

static inline void list_append(struct list *list, struct list *node)
{
    node->prev = list->prev;
    node->next = list;
    list->prev->next = node;
    list->prev = node;
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The same node goes last, whether it was in the list or not. */
static inline void list_move_last(struct list *list, struct list *node)
{
    if (list->prev == node)
        return;
    list_remove(node);
    list_append(list, node);
}

#endif
