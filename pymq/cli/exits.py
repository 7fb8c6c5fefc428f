"""What the exit code of ``pymq`` says."""

from __future__ import annotations

OK = 0
ERROR = 1  # a socket, a file or the other side failed; stderr says how
USAGE = 2  # the command line makes no sense
TIMEOUT = 3  # --timeout passed, or something was left undelivered
INTERRUPTED = 130  # Ctrl-C, as shells count it: 128 + SIGINT
BROKEN_PIPE = 141  # whoever read our output has left: 128 + SIGPIPE
