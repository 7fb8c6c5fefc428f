/* loop.h - the I/O threads of one context, and the events for Python.
 *
 * Each thread (a worker) has a poller, a mailbox and engines of its own.  It
 * takes no hub's lock and knows nothing of Python.
 */
#ifndef LOOP_H
#define LOOP_H
#include "events.h"
#include "pymq.h"

struct engine;

struct loop *loop_hold(struct loop *loop);

struct events *loop_events(struct loop *loop);

/* Whether this process is a forked child of the one that made the loop.  It
 * has the memory but not the threads, which may have held locks: what would
 * take one to release something does nothing there. */
bool loop_is_foreign(const struct loop *loop);

/* Finds an engine a home among the threads that `affinity` has bits for (0:
 * all), makes it the far end of its queues and has it driven.  0, or -EINVAL
 * without such threads, or -ESHUTDOWN. */
int loop_adopt(struct loop *loop, struct engine *engine, uint64_t affinity);

#endif
