"""When a wait is over: times of `time.monotonic`, made of milliseconds."""

from __future__ import annotations

import time
from typing import Union

from .naps import longest


def until(milliseconds: Union[float, None]) -> Union[float, None]:
    """The deadline for `remaining` after that time; None or less than 0: never."""
    if milliseconds is None or milliseconds < 0:
        return None
    return time.monotonic() + milliseconds / 1000


def remaining(deadline: Union[float, None]) -> float:
    """Seconds for the next wait until `deadline` (None: never), no more than a thread
    may sleep at once; not positive when it is over."""
    if deadline is None:
        return longest()
    return min(longest(), deadline - time.monotonic())
