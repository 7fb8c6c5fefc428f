/* members.c - see members.h */
#include "members.h"

#include "pipe.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* A member that is not its topic's first. */
struct other {
    struct member member;
    struct member *prev;
    struct other *chain; /* the next one with the same head */
};

enum { LEAST_ROOM = 8 };

void members_init(struct members *members)
{
    *members = (struct members){NULL, 0, 0};
}

void members_fini(struct members *members)
{
    free(members->heads);
    members_init(members);
}

static struct other **head_of(const struct members *members,
                              const struct entry *entry,
                              const struct pipe *pipe)
{
    uint64_t mixed = (uint64_t)(uintptr_t)entry * UINT64_C(0x9e3779b97f4a7c15);
    mixed ^= mixed >> 32;
    mixed = (mixed + (uint64_t)(uintptr_t)pipe) * UINT64_C(0xd6e8feb86659fd93);
    return &members->heads[(size_t)(mixed >> 32) & (members->room - 1)];
}

struct member *members_find(const struct members *members,
                            struct entry *entry, const struct pipe *pipe)
{
    struct member *first = entry_value(entry);
    if (first->pipe == pipe)
        return first;
    if (first->next == NULL)
        return NULL;
    struct other *other = *head_of(members, entry, pipe);
    while (other != NULL
           && (other->member.entry != entry || other->member.pipe != pipe))
        other = other->chain;
    return other ? &other->member : NULL;
}

static void hang(struct members *members, struct other *other)
{
    struct other **head =
        head_of(members, other->member.entry, other->member.pipe);
    other->chain = *head;
    *head = other;
}

/* Without memory the table stays as it is, if there is one. */
static int resize(struct members *members, size_t room)
{
    struct members before = *members;
    struct other **heads = calloc(room, sizeof(struct other *));
    if (heads == NULL)
        return before.room ? 0 : -ENOMEM;
    members->heads = heads;
    members->room = room;
    for (size_t i = 0; i < before.room; i++)
        for (struct other *at = before.heads[i], *next; at; at = next) {
            next = at->chain;
            hang(members, at);
        }
    free(before.heads);
    return 0;
}

static int grow(struct members *members)
{
    if (members->used < members->room)
        return 0;
    return resize(members, members->room ? members->room * 2 : LEAST_ROOM);
}

static void shrink(struct members *members)
{
    if (members->room > LEAST_ROOM && members->used * 8 < members->room)
        (void)resize(members, members->room / 2);
}

static void unhang(struct members *members, struct other *other)
{
    struct other **at =
        head_of(members, other->member.entry, other->member.pipe);
    while (*at != other)
        at = &(*at)->chain;
    *at = other->chain;
    members->used--;
}

/* All that is not the first is at the beginning of a struct other. */
static struct other *other_of(struct member *member)
{
    return OWNER(member, struct other, member);
}

static void set_prev(struct member *member, struct member *prev)
{
    if (member != NULL)
        other_of(member)->prev = prev;
}

static void fill(struct member *member, struct entry *entry,
                 struct pipe *pipe)
{
    member->entry = entry;
    member->pipe = pipe;
    list_init(&member->of_pipe);
    list_append(&pipe->topics, &member->of_pipe);
}

static int add_other(struct members *members, struct entry *entry,
                     struct pipe *pipe)
{
    struct member *first = entry_value(entry);
    struct other *other = grow(members) < 0 ? NULL : malloc(sizeof *other);
    if (other == NULL)
        return -ENOMEM;
    fill(&other->member, entry, pipe);
    hang(members, other);
    members->used++;
    other->prev = first;
    other->member.next = first->next;
    set_prev(first->next, &other->member);
    first->next = &other->member;
    return 0;
}

int members_add(struct members *members, struct entry *entry,
                struct pipe *pipe)
{
    struct member *first = entry_value(entry);
    if (first->pipe == NULL) {
        fill(first, entry, pipe);
        return 0;
    }
    if (members_find(members, entry, pipe) != NULL)
        return 0;
    return add_other(members, entry, pipe);
}

/* The second member takes the place of the first, in its pipe's list too. */
static void replace_first(struct members *members, struct member *first)
{
    struct member *second = first->next;
    unhang(members, other_of(second));
    *first = *second;
    set_prev(first->next, first);
    list_init(&first->of_pipe);
    list_append(&second->of_pipe, &first->of_pipe);
    list_remove(&second->of_pipe);
    free(other_of(second));
}

bool members_remove(struct members *members, struct member *member)
{
    bool first = entry_value(member->entry) == member;
    list_remove(&member->of_pipe);
    if (first && member->next == NULL)
        return true;
    if (first) {
        replace_first(members, member);
    } else {
        struct other *other = other_of(member);
        unhang(members, other);
        other->prev->next = member->next;
        set_prev(member->next, other->prev);
        free(other);
    }
    shrink(members);
    return false;
}
