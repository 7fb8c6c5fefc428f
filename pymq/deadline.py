"""When a wait is over: times of `time.monotonic`, made of milliseconds."""

from __future__ import annotations

import time
from typing import Union

from .naps import longest


def until(milliseconds: Union[float, None]) -> Union[float, None]:
    """Return the deadline after so many ms; None, for never, if None or negative."""
    if milliseconds is None or milliseconds < 0:
        return None
    return time.monotonic() + milliseconds / 1000


def remaining(deadline: Union[float, None]) -> float:
    """Return the seconds for the next sleep until `deadline` (None: never).

    No more than a thread may sleep at once (`naps`); 0 or less when it is over.
    """
    if deadline is None:
        return longest()
    return min(longest(), deadline - time.monotonic())
