"""See `pymq.eventloop.ioloop`."""

from __future__ import annotations

from ...eventloop.ioloop import *  # noqa: F403
from ...eventloop.ioloop import IOLoop as IOLoop
