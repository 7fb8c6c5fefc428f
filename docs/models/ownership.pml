/* ownership.pml - who drives an engine.
 *
 * The home (an I/O thread), a sender that writes for itself and a receiver that
 * borrows the engine to read.  A peer sends bytes and closes.  Checked: never do
 * two drive; whatever was there to be sent or received was when all sleep; the
 * engine is ended once, nobody touches it when it is freed, nobody closes its
 * descriptor twice or posts it after its home has dismissed it.
 *
 * Each step names the function of csrc/ that it stands for.
 */
#ifndef SENDS
#define SENDS 1     /* messages of the sender */
#endif
#ifndef ARRIVES
#define ARRIVES 1   /* reads' worth of the peer */
#endif
#ifndef WAITS
#define WAITS 2     /* of the receiver */
#endif

#define LOCK(l) atomic { !l -> l = true }
#define UNLOCK(l) l = false

mtype = { NONE, WANTED, GIVEN };

/* struct engine */
bool drive, missed, ended, lost, watched, dismissed;
mtype lease = NONE;
byte sleepers, refs = 2;        /* its home's and its pipe's */
bool fd_open = true;

byte driving;                   /* threads that do */

/* The kernel's side of the descriptor. */
byte arrived, read;
bool peer_closed;

/* The outbound queue; `far`: it has a reader, which is the engine. */
bool far = true, parked = true;
byte queued, sent;
bool blocked;                   /* the kernel takes no more */

bool posted;                    /* the engine, in its home's mailbox */
bool loop_lock, hub_lock;
bool linked = true;             /* the pipe has the engine; under the hub's lock */
bool attached, sender_done, receiver_done;

#define ALIVE assert(refs > 0)

inline mailbox_post()
{
    atomic {
        ALIVE;
        assert(!dismissed);
        posted = true
    }
}

inline begin_drive()
{
    atomic { driving++; assert(driving == 1); ALIVE }
}

inline end_drive()
{
    driving--
}

/* engine.c: try_claim() is pthread_mutex_trylock() */
inline try_claim(got)
{
    atomic {
        ALIVE;
#ifdef MUTATE_NO_MUTEX
        got = true;
#else
        got = !drive;
#endif
        drive = true
    }
}

/* engine.c: engine_claim(), the home's */
inline engine_claim(got)
{
    try_claim(got);
    if
    :: !got ->
        missed = true;
#ifndef MUTATE_ONE_TRY
        try_claim(got)
#endif
    :: else
    fi;
    if
    :: got -> missed = false
    :: else
    fi
}

/* engine.c: engine_release() */
inline engine_release(again)
{
    do
    :: ALIVE;
       atomic { again = missed; missed = false };   /* atomic_exchange() */
#ifdef MUTATE_POST_LATE
       drive = false;
       if
       :: again && !ended -> mailbox_post()
       :: else
       fi;
#else
       if
#ifndef MUTATE_NEVER_POST
       :: again && !ended -> mailbox_post()
#endif
       :: else
       fi;
       drive = false;
#endif
#ifdef MUTATE_ONE_RELEASE
       break;
#endif
       ALIVE;
       if
       :: missed -> try_claim(again)
       :: else -> again = false
       fi;
       if
       :: again
       :: else -> break
       fi
    od
}

inline close_late()
{
    atomic { assert(fd_open); fd_open = false }
}

inline engine_drop()
{
    atomic {
        ALIVE;
        refs--;
        assert(refs > 0 || (ended && dismissed && !fd_open && !posted))
    }
}

/* engine.c: engine_end(), engine_close(), engine_report() */
inline engine_end()
{
    assert(!ended);
    watched = false;
    ended = true;
    if
    :: sleepers == 0 -> close_late()
    :: else
    fi;
    far = false                 /* under the queue's lock */
}

/* engine_out.c: everything that is queued, or as the kernel likes, less; then
 * who wrote has the rest posted, as the poller would tell. */
inline write_out(all)
{
    atomic {                    /* under the queue's lock */
        all = true;
        if
        :: sent < queued ->
            if
            :: sent = queued
            :: all = false
            fi
        :: else
        fi;
        blocked = !all;
        parked = (sent == queued)
    }
}

/* engine.c: engine_drive(), of the home or of who attaches the engine */
inline engine_drive(all)
{
    begin_drive();
    if
    :: lost || (arrived == read && peer_closed) -> engine_end()
    :: else -> read = arrived   /* engine_drive_in() */
    fi;
    if
    :: !ended ->
        write_out(all);         /* engine_drive_out(), with room again */
        if
        :: !all -> mailbox_post()
        :: else
        fi;
        if
        :: lease == WANTED -> lease = GIVEN     /* lend() */
        :: else
        fi;
        watched = (lease != GIVEN)              /* watch() */
    :: else
    fi;
    end_drive()
}

#define READY (watched && (arrived != read || peer_closed))

/* loop.c: run(), poll_once(), attend(), turn(), claim(), dismiss(); and
 * call_in(), which may come at any time. */
active proctype home()
{
    bool got, over, again, all;
    attached || posted || READY;
    do
    :: posted || READY ->
       posted = false;                          /* mailbox_take() */
       engine_claim(got);
       if
#ifndef MUTATE_ONE_TRY
       :: !got ->
            LOCK(loop_lock);
            UNLOCK(loop_lock);
            engine_claim(got)
#endif
       :: else
       fi;
       if
       :: got ->
            engine_drive(all);
            over = ended;
            engine_release(again);
            if
            :: over ->
                LOCK(loop_lock);                /* forget() */
                atomic { posted = false; dismissed = true };
                UNLOCK(loop_lock);
                engine_drop();
                break
            :: else
            fi
       :: else
       fi
    :: lease == GIVEN ->                        /* engine_give_back() */
       LOCK(drive);
       begin_drive();
       if
       :: lease != NONE && !ended -> lease = NONE; mailbox_post()
       :: else
       fi;
       end_drive();
       engine_release(again)
    od
}

/* loop.c: loop_adopt() and first_turn(), under the locks of the caller's hub and
 * of the loop; nobody has posted the engine yet, but its poller may tell of it
 * before the turn is over.  It does not end in this turn. */
active proctype sender()
{
    bool got, again, all, wake;
    LOCK(hub_lock);
    LOCK(loop_lock);
    try_claim(got);
    if
    :: got ->
        begin_drive();
        write_out(all);
        watched = true;
        end_drive();
        engine_release(again)
    :: else -> mailbox_post()
    fi;
    UNLOCK(loop_lock);
    attached = true;
    UNLOCK(hub_lock);
    do
    :: queued < SENDS ->
        LOCK(hub_lock);         /* send.c, queue_show() */
        atomic {
            queued++;
            wake = parked;
            parked = false
        }
        if
        :: true ->              /* `wake`, or the queue is full */
            /* borrow.c: hub_tell(), hub_relieve(); engine.c: engine_push() */
            try_claim(got);
            if
            :: got ->
                begin_drive();
                again = !ended;
                if
                :: again && !blocked ->
                    write_out(all);
                    if
                    :: !all -> mailbox_post()
                    :: else
                    fi
                :: else
                fi;
                end_drive();
                got = again;
                engine_release(again)
            :: else
            fi;
            if
            :: !got && wake ->
                if                      /* queue_wake_reader() */
#ifdef MUTATE_FAR_STAYS
                :: true -> mailbox_post()
#else
                :: atomic { far -> mailbox_post() }
                :: else
#endif
                fi
            :: else
            fi
        :: !wake
        fi;
        UNLOCK(hub_lock)
    :: else -> break
    od;
    sender_done = true
}

/* wait.c: wait_with(); borrow.c: hub_borrow() */
active proctype receiver()
{
    bool again, lent;
    byte waits;
    attached;
    do
    :: waits < WAITS ->
        waits++;
        LOCK(hub_lock);
        lent = false;
        if
        :: !linked -> UNLOCK(hub_lock); goto next
        :: else
        fi;
        LOCK(drive);            /* engine.c: engine_borrow() */
        begin_drive();
        if
        :: lease == GIVEN && !ended ->
            lent = true;
            sleepers++;
            refs++
        :: lease == NONE && !ended -> lease = WANTED; mailbox_post()
        :: else
        fi;
        end_drive();
        engine_release(again);
        UNLOCK(hub_lock);
        if
        :: lent ->
            assert(fd_open);    /* poll(), until it is ready or rung */
            if
            :: arrived != read || peer_closed ->
                LOCK(drive);    /* engine.c: engine_pull() */
                begin_drive();
                if
                :: lease == GIVEN && !ended ->
                    if          /* engine_read_once() */
                    :: arrived != read -> read = arrived
                    :: arrived == read && !peer_closed      /* EAGAIN */
                    :: arrived == read && peer_closed ->
                        lost = true;
                        lease = NONE;
#ifndef MUTATE_QUIET_LOSS
                        mailbox_post()
#endif
                    fi
                :: else
                fi;
                end_drive();
                engine_release(again)
            :: true
            fi;
#ifdef MUTATE_DROP_EARLY
            engine_drop();
#endif
            LOCK(drive);        /* engine.c: engine_leave() */
            begin_drive();
            sleepers--;
            if
            :: ended && sleepers == 0 -> close_late()
            :: else
            fi;
            end_drive();
            engine_release(again);
#ifndef MUTATE_DROP_EARLY
            engine_drop()
#endif
        :: else
        fi;
next:   skip
    :: else -> break
    od;
    receiver_done = true
}

/* The pipe lets go of the engine, once it has heard of the end. */
active proctype control()
{
    !far && sender_done;
    LOCK(hub_lock);
    linked = false;
    engine_drop();
    UNLOCK(hub_lock)
}

active proctype peer()
{
    do
    :: arrived < ARRIVES -> arrived++
    :: else -> break
    od;
    peer_closed = true
}

/* When nobody can do anything any more, all must be done. */
active proctype judge()
{
    timeout;
    assert(ended && dismissed && !fd_open && refs == 0);
    assert(read == arrived && sender_done && receiver_done)
}
