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
    struct key key = {entry, pipe};
    size_t before = members->others.used;
    struct entry *added = table_add(&members->others, &key, sizeof key);
    if (added == NULL)
        return -ENOMEM;
    if (members->others.used == before)
        return 0; /* it is one */
    struct other *other = entry_value(added);
    fill(&other->member, entry, pipe);
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
    return first->pipe == pipe ? 0 : add_other(members, entry, pipe);
}

/* The second member takes the place of the first, in its pipe's list too. */
static void replace_first(struct members *members, struct member *first)
{
    struct member *second = first->next;
    *first = *second;
    set_prev(first->next, first);
    list_init(&first->of_pipe);
    list_append(&second->of_pipe, &first->of_pipe);
    list_remove(&second->of_pipe);
    free_other(members, second);
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
        other->prev->next = member->next;
        set_prev(member->next, other->prev);
        free_other(members, member);
    }
    return false;
}
