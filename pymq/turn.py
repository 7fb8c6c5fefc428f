"""Taking turns: for threads, and for tasks of event loops."""

from __future__ import annotations

from .changed import Changed


class Turn:
    """Gives turns in the order of arrival."""

    __slots__ = ("_line",)

    changed = Changed()  # of any: few have to wait

    def __init__(self) -> None:
        self._line: list[object] = []

    def come(self) -> object:
        """Stand in line.  Returns an object that stands for the caller."""
        one = object()
        self._line.append(one)
        return one

    def is_of(self, one: object) -> bool:
        """Whether it is the turn of this one, which lasts until it leaves."""
        return self._line[0] is one

    def leave(self, one: object) -> None:
        """Leave the line; the next one has its turn."""
        self._line.remove(one)
        if self._line:
            with self.changed.lock:
                self.changed.notify_all()
