"""``Socket[bytes]`` and ``Context[Socket]``, as programs write them in annotations.

Type checkers see generic classes with defaults; when a program runs, they are the
classes themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Generic

    from typing_extensions import TypeVar

    _Subject_co = TypeVar("_Subject_co", covariant=True, default=Any)

    class Subscriptable(Generic[_Subject_co]):
        """A class about something."""

else:

    class Subscriptable:
        """A class about something."""

        def __class_getitem__(cls, subject: Any) -> Any:
            return cls
