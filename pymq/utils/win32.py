"""Ctrl-C on Windows (pyzmq's API)."""

from __future__ import annotations

from typing import Any, Callable, Union


class allow_interrupt:  # noqa: N801
    """A block in which Ctrl-C calls `action`, where it would not end a wait.

    Nothing of pymq waits so long that Python does not see a signal, so that there is
    nothing to do anywhere, and `action` is not called.
    """

    def __init__(self, action: Union[Callable[[], Any], None] = None) -> None:
        self.action = action

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, *args: Any) -> None:
        """Nothing to do."""
