"""Taking turns: threads, and tasks of event loops."""

from __future__ import annotations

from .changed import Changed


class Turn:
    """Whose turn it is: of those who came, who came first."""

    __slots__ = ("_line",)

    changed = Changed()  # of any: few have to wait

    def __init__(self) -> None:
        self._line: list[object] = []

    def come(self) -> object:
        """Stand in line; what is returned stands for who did."""
        one = object()
        self._line.append(one)
        return one

    def is_of(self, one: object) -> bool:
        """Whether it is that one's turn, until it leaves."""
        return self._line[0] is one

    def leave(self, one: object) -> None:
        """The next, please."""
        self._line.remove(one)
        if self._line:
            with self.changed.lock:
                self.changed.notify_all()
