/* poller.c - chooses the system call; see poller.h
 *
 * The chosen file is compiled as a part of this one; alone each is empty. */
#if defined(__linux__) && !defined(PYMQ_NO_EPOLL)
#define PYMQ_EPOLL
#include "poller_epoll.c"
#else
#define PYMQ_POLL
#include "poller_poll.c"
#endif
