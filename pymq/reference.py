"""The reference page of all options, made from their tables.

``python -m pymq.reference > docs/options.md``
"""

from __future__ import annotations

from typing import Iterable, Iterator, Sequence

from .constants import SocketOption, _OptType
from .context_options import CONTEXT_OPTIONS, ContextRow
from .option import INT64_MAX, INT_MAX, Option
from .options import OPTIONS, why_absent

_HEAD = """\
# Options

Made from `pymq/options.py` and `pymq/context_options.py` with
`python -m pymq.reference > docs/options.md`.

Set and read them with `set` and `get`, or as attributes: `socket.linger = 0`. A value
of another type than the table's is a TypeError, an integer that C has no room for
an OverflowError; a value out of range, an option that the socket type does not have,
and one that cannot be read or set are ZMQError(EINVAL).

`any` in a range: every value of the type. *When*: an option acts at once or, if nothing
is said, from the next bind or connect on.

## Socket options
"""

_CONTEXTS = """\
## Context options

Integers. `set` and `get` of a context; as attributes, `linger` and other names of
socket options are what new sockets begin with.
"""

_ABSENT = """\
## Not built

EINVAL, with the name in the message.
"""

_SOCKETS = (
    "option",
    "no.",
    "type",
    "default",
    "range",
    "unit",
    "sockets",
    "access",
    "when",
)
_LIMITS = {INT_MAX, -INT_MAX - 1, INT64_MAX, -INT64_MAX - 1}


def page() -> str:
    """The whole page, as Markdown."""
    known = [option for option in SocketOption if option in OPTIONS]
    absent = [option for option in SocketOption if option not in OPTIONS]
    parts = [
        _HEAD,
        *_table((*_SOCKETS, "what it is"), (_row(option) for option in known)),
        "",
        _CONTEXTS,
        *_table(
            ("option", "no.", "default", "range", "unit", "what it is"),
            (_context_row(int(n), row) for n, row in CONTEXT_OPTIONS.items()),
        ),
        "",
        _ABSENT,
        *_table(("option", "no.", "why"), map(_absent_row, absent)),
    ]
    return "\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _line(head)
    yield _line(["---"] * len(head))
    yield from map(_line, rows)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _row(option: SocketOption) -> list[str]:
    row = OPTIONS[option]
    return [
        f"`{option.name}`",
        str(int(option)),
        "bytes" if option._opt_type is _OptType.bytes else "int",
        _default(row),
        _range(row, option._opt_type) if row.writable else "",
        row.unit,
        ", ".join(kind.name for kind in sorted(row.types or ())) or "all",
        _direction(row.readable, row.writable),
        "at once" if row.at_once or row.live is not None else "",
        row.text,
    ]


def _default(row: Option) -> str:
    if not (row.readable and row.writable):
        return ""
    return f"`{row.default!r}`" if isinstance(row.default, bytes) else str(row.default)


def _range(row: Option, kind: _OptType) -> str:
    if kind is _OptType.bytes:
        high = "" if row.high in _LIMITS else str(row.high)
        return f"length {row.low}..{high}"
    return _span(row.low, row.high)


def _span(low: int, high: int) -> str:
    if low in _LIMITS and high in _LIMITS:
        return "any"
    return f"{low}.." + ("" if high in _LIMITS else str(high))


def _direction(readable: bool, writable: bool) -> str:
    return "" if readable and writable else "read only" if readable else "set only"


def _context_row(number: int, row: ContextRow) -> list[str]:
    default = "set only" if row.default is None else str(row.default)
    span = "read only" if row.low is None else _span(row.low, INT_MAX)
    return [f"`{row.name}`", str(number), default, span, row.unit, row.text]


def _absent_row(option: SocketOption) -> list[str]:
    why = why_absent(option.name)
    return [f"`{option.name}`", str(int(option)), why]


if __name__ == "__main__":
    print(page(), end="")
