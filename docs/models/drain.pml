/* drain.pml - the end of a pipe: close, LINK_DOWN and PIPE_CLOSED.
 *
 * The control thread sends, closes (to be drained, or after LINGER not), hears of
 * links that went down and makes new ones; an engine writes, byte by byte, and its
 * peer may leave.  Checked: the control thread is told of the end of the pipe
 * exactly once, by what pymq_pipe_close returns or by PIPE_CLOSED, and of nothing
 * after that; and if LINGER did not expire, the kernel then has every byte of every
 * message but for those that a link took the half of with it.
 *
 * Each step names the function of csrc/ that it stands for.
 */
#define MESSAGES 2
#define BYTES 2     /* of each */
#define LINKS 2     /* the last one lasts */

#define LOCK(l) atomic { !l -> l = true }
#define UNLOCK(l) l = false

mtype = { LINK_DOWN, PIPE_CLOSED };
chan events = [4] of { mtype };     /* events.c; its lock is chan's */

/* struct queue, outbound */
bool queue_lock, closed, dropped, reader, done;
byte written, taken;    /* messages */

bool spent;             /* struct pipe */
byte links, delivered, cut;
bool lingering, expired, expires, over, down;

#define UNREAD (written - taken)

inline finish()
{
    assert(!over);
    over = true;
    assert(expired || delivered + cut == written)
}

/* pipe.c: finish_output(), and give_up() */
inline pipe_close(drain)
{
    if
    :: spent -> result = true
    :: else ->
        LOCK(queue_lock);
        attached = reader;
        was_done = done;
        closed = true;
        dropped = dropped || !drain;
        UNLOCK(queue_lock);
        if
        :: attached -> result = false
        :: !attached && was_done ->
            spent = true;
#ifdef MUTATE_NOT_CLOSING
            result = true
#else
            result = !(events??[PIPE_CLOSED])       /* events_closing() */
#endif
        :: !attached && !was_done && drain && UNREAD > 0 -> result = false
        :: else ->
            spent = true;
            taken = written;
#ifndef MUTATE_LINKS_STAY
            if                                      /* events_forget_links() */
            :: events??[LINK_DOWN] -> events??LINK_DOWN; down = true
            :: else
            fi;
#endif
            result = true
        fi
    fi;
    if
    :: result -> finish()
    :: else
    fi
}

/* pipe.c: pipe_attach(); session/connecter.py: _retry() */
inline attach()
{
    down = false;
    links++;
    reader = true;
    run engine()
}

/* session/connecter.py and session/lingering.py */
active proctype control()
{
    bool attached, was_done, result;
    if
    :: expires = true
    :: expires = false
    fi;
    attach();
    do
    :: written < MESSAGES && !lingering -> written++
    :: !lingering -> lingering = true; pipe_close(true)
    :: lingering && expires && !expired && !over ->
        expired = true;
        pipe_close(false)
    :: down && !over && links < LINKS -> attach()
    :: events?LINK_DOWN ->
        assert(!over);
        down = true;
        if
        :: lingering -> pipe_close(true)
        :: else
        fi
    :: events?PIPE_CLOSED ->
        assert(lingering);
        finish()
    :: over && !reader -> break
    od
}

/* engine.c: engine_report() */
inline engine_report(drained)
{
    LOCK(queue_lock);
    report = (drained || dropped -> PIPE_CLOSED : LINK_DOWN);
    reader = false;
#ifdef MUTATE_REPORTS_LATE
    UNLOCK(queue_lock);
    LOCK(queue_lock);
#endif
#ifndef MUTATE_NOT_DONE
    done = (report == PIPE_CLOSED);
#endif
    events!report;
    UNLOCK(queue_lock)
}

/* engine.c: engine_end(), leave_output() */
inline engine_end()
{
    if
    :: sent > 0 -> taken++; cut++
    :: else
    fi;
    engine_report(false)
}

/* engine.c: engine_drive(); engine_out.c: engine_drive_out() */
proctype engine()
{
    byte sent;      /* bytes of the next message that the kernel has */
    bool closing, more;
    mtype report;
    do
    :: dropped -> engine_end(); break
    :: links < LINKS -> engine_end(); break             /* the peer left */
    :: UNREAD > 0 || closed ->
        closing = closed;
        more = UNREAD > 0;
#ifdef MUTATE_LOOKS_AHEAD
        more = UNREAD > 1 || (UNREAD == 1 && sent == 0);
#endif
        if
        :: closing && !more -> engine_report(true); break
        :: UNREAD > 0 && !(closing && !more) ->
            sent++;                                     /* sendmsg() */
            if                                          /* engine_account() */
            :: sent == BYTES -> taken++; delivered++; sent = 0
            :: else
            fi
        :: else
        fi
    od
}

/* When nobody can do anything any more, all must be done. */
active proctype judge()
{
    timeout;
    assert(over)
}
