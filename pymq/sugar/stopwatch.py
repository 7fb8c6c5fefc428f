"""A stopwatch, deprecated as it is in pyzmq."""

from __future__ import annotations

import time
import warnings


class Stopwatch:
    """Use `time.monotonic`."""

    def __init__(self) -> None:
        warnings.warn(
            "Stopwatch is deprecated: use time.monotonic",
            DeprecationWarning,
            stacklevel=2,
        )
        self._began = 0.0

    def start(self) -> None:
        """Begin, or begin anew."""
        self._began = time.monotonic()

    def stop(self) -> int:
        """Microseconds since `start`."""
        return int((time.monotonic() - self._began) * 1e6)


__all__ = ["Stopwatch"]
