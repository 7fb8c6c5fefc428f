/* handover.pml - a queue between two sides, and how each sleeps and is woken.
 *
 * One side writes N messages over a mark and closes the queue.  By default that
 * is an engine at home in an I/O thread, and the reader is a hub that two threads
 * wait for; with -DHOME the reader is the engine, and a hub writes.  Checked: nobody sleeps for ever, every message is
 * taken once and in order, and none is left when the queue is done with.
 *
 * Each step names the function of csrc/ that it stands for.  Locks are locks
 * here too, so that what is done without one is interleaved with everything.
 */
#ifndef N
#define N 4     /* messages */
#endif
#define HWM 2   /* the mark; the reader reports every (HWM + 1) / 2 */

#define LOCK(l) atomic { !l -> l = true }
#define UNLOCK(l) l = false

/* struct queue.  Places are counts of messages. */
bool queue_lock;
byte shown, limit, head, written, granted, acked, parked_load;
bool reader_parked = true, writer_parked, closed;

/* struct mailbox, struct bell and struct wakeup: two of the reader's, one of
 * the writer's. */
#define WRITER 2
bool box_lock[2], news[2], posted[2];   /* by side: 0 the reader's box, 1 */
bool hung[3], raised[3], readable[3];   /* by bell; `readable`: the descriptor */

/* struct hub and struct pipe, of the reader. */
bool hub_lock, in_readable, pipe_closed, forgotten;

byte received;      /* in all */
bool writer_done, drained, gone;

/* wakeup.c: the descriptor is written to only by who raises. */
inline wakeup_raise(b)
{
    if
    :: !raised[b] -> raised[b] = true; readable[b] = true
    :: else
    fi
}

inline wakeup_clear(b)
{
    if
    :: raised[b] -> readable[b] = false
    :: else
    fi;
    raised[b] = false
}

/* mailbox.c: ring() */
inline ring(side)
{
    news[side] = true;
    if
    :: side == 0 ->
        if
        :: hung[0] -> wakeup_raise(0)
        :: else
        fi;
#ifndef MUTATE_ONE_BELL
        if
        :: hung[1] -> wakeup_raise(1)
        :: else
        fi
#endif
    :: else ->
        if
        :: hung[WRITER] -> wakeup_raise(WRITER)
        :: else
        fi
    fi
}

inline mailbox_post(side)
{
    LOCK(box_lock[side]);
    if
    :: !posted[side] -> posted[side] = true; ring(side)
    :: else
    fi;
    UNLOCK(box_lock[side])
}

inline mailbox_take(side, taken)
{
    LOCK(box_lock[side]);
    taken = posted[side];
#ifndef MUTATE_STAYS_POSTED
    posted[side] = false;
#endif
    news[side] = false;
    UNLOCK(box_lock[side])
}

inline mailbox_watch(side, b)
{
    LOCK(box_lock[side]);
    hung[b] = true;
    UNLOCK(box_lock[side])
}

inline mailbox_hush(side, b)
{
    LOCK(box_lock[side]);
    wakeup_clear(b);
    UNLOCK(box_lock[side])
}

inline mailbox_unwatch(side, b)
{
    LOCK(box_lock[side]);
    hung[b] = false;
    wakeup_clear(b);
    UNLOCK(box_lock[side])
}

/* queue.c: refresh() of queue_readable(), the reader's */
inline queue_readable(result)
{
    result = (head != limit);
    if
    :: !result ->
        LOCK(queue_lock);
        result = (limit != shown);
        limit = shown;
#ifdef MUTATE_PARKS_LATE
        UNLOCK(queue_lock);
        if
        :: !result -> reader_parked = true
        :: else
        fi
#else
        if
        :: !result -> reader_parked = true
        :: else
        fi;
        UNLOCK(queue_lock)
#endif
    :: else
    fi
}

/* queue.c: queue_skip(), report_read() and wake_writer() */
inline take_one()
{
    assert(head < written);     /* and so in order, and only once */
    head++;
    received++;
    if
    :: head - acked >= (HWM + 1) / 2 ->
        LOCK(queue_lock);
        acked = head;
#ifndef MUTATE_NO_ROOM_POST
        if
        :: writer_parked && parked_load < acked + HWM ->
            writer_parked = false;
            mailbox_post(1)
        :: else
        fi;
#endif
        UNLOCK(queue_lock)
    :: else
    fi
}

/* queue_write.c: queue_full(), the writer's */
inline queue_full(is_full)
{
    if
    :: written < granted + HWM -> is_full = false
    :: else ->
#ifdef MUTATE_OLD_ACK
        granted = acked;
        LOCK(queue_lock);
#else
        LOCK(queue_lock);
        granted = acked;
#endif
        is_full = (written >= granted + HWM);
        writer_parked = is_full;
        parked_load = written;
        UNLOCK(queue_lock)
    fi
}

/* queue_write.c: queue_finish(), queue_show() and queue_wake_reader() */
inline write_one()
{
    written++;
    LOCK(queue_lock);
    shown = written;
    was_parked = reader_parked;
    reader_parked = false;
    UNLOCK(queue_lock);
    if
    :: was_parked ->
        LOCK(queue_lock);
        mailbox_post(0);
        UNLOCK(queue_lock)
    :: else
    fi
}

#ifdef HOME

/* wait.c, of a hub with one thread: what it is posted for, it finds out by asking
 * its queue. */
inline wait_for_room(is_full)
{
    mailbox_watch(1, WRITER);
    do
    :: mailbox_hush(1, WRITER);
       mailbox_take(1, taken);
       queue_full(is_full);
       if
       :: !is_full -> break
       :: else -> readable[WRITER]      /* poll() */
       fi
    od;
    mailbox_unwatch(1, WRITER)
}

#else

/* loop.c: run(), of an engine that is paused until it is posted. */
inline wait_for_room(is_full)
{
    do
    :: mailbox_watch(1, WRITER);
       LOCK(box_lock[1]);               /* mailbox_count() */
       taken = posted[1];
       UNLOCK(box_lock[1]);
       if
       :: taken
       :: else -> readable[WRITER]      /* poller_wait() */
       fi;
       mailbox_unwatch(1, WRITER);
       mailbox_take(1, taken);
       if
       :: taken -> break
       :: else
       fi
    od
}

#endif

active proctype writer()
{
    bool is_full, was_parked, taken;
    do
    :: written < N ->
        queue_full(is_full);
        if
        :: !is_full -> write_one()
        :: is_full -> wait_for_room(is_full)
        fi
    :: else -> break
    od;
    LOCK(queue_lock);           /* queue_close() */
    closed = true;
#ifndef MUTATE_SILENT_CLOSE
    mailbox_post(0);
#endif
    UNLOCK(queue_lock);
    writer_done = true
}

#ifndef HOME

/* hub.c: hub_attend(), update(), hub_end_pipe() and enlist() */
inline hub_attend()
{
    do
    :: news[0] ->
        mailbox_take(0, taken);
        if
        :: taken && !forgotten ->
            if
            :: closed && !pipe_closed ->
                pipe_closed = true;
                queue_readable(is);
                forgotten = !is
            :: else
            fi;
            if
            :: !forgotten && !in_readable ->
                queue_readable(is);
                in_readable = is
            :: else
            fi
        :: else
        fi
    :: else -> break
    od
}

/* receive.c: hub_next_source(), which passes over who has nothing left, and
 * forgets who was closed. */
inline hub_readable(result)
{
    result = false;
    if
    :: in_readable ->
        queue_readable(result);
        in_readable = result;
        if
        :: !result && pipe_closed -> forgotten = true
        :: else
        fi
    :: else
    fi;
    assert(!forgotten || head == written)
}

/* hub.c: receive(); then wait.c: pymq_hub_wait().  The first thread wants one
 * message only: what woke it must not be lost on the other. */
proctype reader(byte me)
{
    bool taken, is, more;
    do
    :: LOCK(hub_lock);
       hub_attend();
       hub_readable(more);
       if
       :: more -> take_one()
       :: else
       fi;
       UNLOCK(hub_lock);
       if
       :: more && me == 0 -> break
       :: more && me == 1
       :: else ->
            mailbox_watch(0, me);
            do
            :: LOCK(hub_lock);
#ifdef MUTATE_HUSH_LATE
               hub_attend();
               hub_readable(more);
               mailbox_hush(0, me);
#else
               mailbox_hush(0, me);
               hub_attend();
               hub_readable(more);
#endif
               UNLOCK(hub_lock);
               if
               :: more -> break
               :: else
               fi;
end_poll:      readable[me]     /* may sleep for ever when all is over */
            od;
            mailbox_unwatch(0, me)
       fi
    od;
    gone = true
}

init
{
    run reader(0);
    run reader(1)
}

#define OVER forgotten

#else

/* loop.c: run(), poll_once() and attend(); engine_out.c: engine_drive_out() */
active proctype home()
{
    bool taken, more, ended;
    do
    :: mailbox_watch(0, 0);
       LOCK(box_lock[0]);       /* mailbox_count() */
       taken = posted[0];
       UNLOCK(box_lock[0]);
       if
       :: taken
       :: else ->
end_poll: readable[0]           /* poller_wait() */
       fi;
       mailbox_unwatch(0, 0);
       mailbox_take(0, taken);
       if
       :: taken && !drained ->
            ended = closed;
            queue_readable(more);
            do
            :: more -> take_one(); queue_readable(more)
            :: else -> break
            od;
#ifdef MUTATE_CLOSED_LAST
            ended = closed;
#endif
            if
            :: ended ->
                drained = true;
                assert(head == written)
            :: else
            fi
       :: else
       fi
    od
}

#define OVER drained

#endif

/* When nobody can do anything any more, all must be done. */
active proctype judge()
{
    timeout;
    assert(writer_done && received == N && OVER)
}
