/* poller.c - chooses the system call; see poller.h */
#ifdef __linux__
#ifndef PYMQ_USE_POLL
#define PYMQ_USE_EPOLL
#endif
#endif

#ifdef PYMQ_USE_EPOLL
#include "poller_epoll.c"
#else
#include "poller_poll.c"
#endif
