/* members.c - see members.h */
#include "members.h"

#include "pipe.h"

#include <errno.h>

/* A member that is not its topic's first.  Its last two fields are its key in
 * the table, and lie where that has keys: behind the value. */
struct other {
    struct member *prev;
    struct member member;
};

struct key {
    const struct entry *entry;
    const struct pipe *pipe;
};

void members_init(struct members *members)
{
    table_init(&members->others, sizeof(struct other) - sizeof(struct key));
}

void members_fini(struct members *members)
{
    table_fini(&members->others);
}

static struct entry *find_other(const struct members *members,
                                const struct entry *entry,
                                const struct pipe *pipe)
{
    struct key key = {entry, pipe};
    return table_find(&members->others, &key, sizeof key);
}

struct member *members_find(const struct members *members,
                            struct entry *entry, const struct pipe *pipe)
{
    struct member *first = entry_value(entry);
    if (first->pipe == pipe)
        return first;
    struct entry *found =
        first->next ? find_other(members, entry, pipe) : NULL;
    return found ? &((struct other *)entry_value(found))->member : NULL;
}

static void free_other(struct members *members, const struct member *member)
{
    table_remove(&members->others,
                 find_other(members, member->entry, member->pipe));
}

/* Of what is not the first. */
static struct other *other_of(struct member *member)
{
    return OWNER(member, struct other, member);
}

/* Puts one behind the last. */
static void link_other(struct member *first, struct member *member)
{
    struct member *last = first->next ? first->next : member;
    member->next = first->next ? last->next : member;
    other_of(member)->prev = last;
    other_of(member->next)->prev = member;
    last->next = first->next = member;
}

static void unlink_other(struct member *first, struct member *member)
{
    struct member *prev = other_of(member)->prev;
    prev->next = member->next;
    other_of(member->next)->prev = prev;
    if (first->next == member)
        first->next = prev == member ? NULL : prev;
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
    struct key key = {entry, pipe};
    size_t before = members->others.used;
    struct entry *added = table_add(&members->others, &key, sizeof key);
    if (added == NULL)
        return -ENOMEM;
    if (members->others.used == before)
        return 0; /* it is one */
    struct other *other = entry_value(added);
    fill(&other->member, entry, pipe);
    link_other(first, &other->member);
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
    return first->pipe == pipe ? 0 : add_other(members, entry, pipe);
}

/* The second member takes the place of the first, in its pipe's list too. */
static void replace_first(struct members *members, struct member *first)
{
    struct member *second = first->next->next;
    unlink_other(first, second);
    first->pipe = second->pipe;
    list_init(&first->of_pipe);
    list_append(&second->of_pipe, &first->of_pipe);
    list_remove(&second->of_pipe);
    free_other(members, second);
}

bool members_remove(struct members *members, struct member *member)
{
    struct member *first = entry_value(member->entry);
    list_remove(&member->of_pipe);
    if (member != first) {
        unlink_other(first, member);
        free_other(members, member);
    } else if (first->next != NULL) {
        replace_first(members, first);
    } else {
        return true;
    }
    return false;
}
