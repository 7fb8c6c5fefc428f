/* loop.h - the I/O threads of one context, and the events for Python.
 *
 * Each thread (a *worker*) has its own poller, mailbox and engines.  It never
 * takes a hub's lock, and never calls Python.
 */
#ifndef LOOP_H
#define LOOP_H
#include "events.h"
#include "pymq.h"

struct engine;

struct loop *loop_hold(struct loop *loop);

struct events *loop_events(struct loop *loop);

/* Whether this process is a forked child of the one that made the loop.  A
 * child has the memory but not the threads, and those may have held locks.  So
 * whatever needs a lock to release something does nothing there. */
bool loop_is_foreign(const struct loop *loop);

/* Finds a home for an engine among the threads whose bits `affinity` has (0:
 * all), makes it the far end of its queues and has it driven.  Returns 0,
 * -EINVAL if there is no such thread, or -ESHUTDOWN. */
int loop_adopt(struct loop *loop, struct engine *engine, uint64_t affinity);

#endif
