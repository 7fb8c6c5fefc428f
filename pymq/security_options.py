"""The rows of the options that secure connections; part of `options`.

Whichever of them is set last decides on the mechanism and the role, as in libzmq.
"""

from __future__ import annotations

from typing import Any, Mapping

from .constants import SecurityMechanism, SocketOption
from .option import Option
from .option import state as _state
from .option import truth as _truth

_O = SocketOption
_NULL, _PLAIN = int(SecurityMechanism.NULL), int(SecurityMechanism.PLAIN)


def _role(mechanism: int, server: int = 0) -> Mapping[int, Any]:
    """What the mechanism's options then say."""
    return {_O.MECHANISM: mechanism, _O.PLAIN_SERVER: server * (mechanism == _PLAIN)}


def _plain_secret(text: str) -> Option:
    return Option(b"", 1, 255, unit="bytes", text=text, sets=lambda _: _role(_PLAIN))


SECURITY: dict[int, Option] = {
    _O.MECHANISM: _state(
        _NULL,
        "the security mechanism: 0 NULL, 1 PLAIN; the last of PLAIN_* that was set "
        "decides. Not for inproc and STREAM",
    ),
    _O.PLAIN_SERVER: Option(
        0,
        0,
        1,
        unit="0 or 1",
        text="1: PLAIN as a server: the ZAP handler decides who comes in, and without "
        "one nobody does. 0: NULL",
        sets=lambda value: _role(_PLAIN if value else _NULL, value),
    ),
    _O.PLAIN_USERNAME: _plain_secret("PLAIN as a client, under this name"),
    _O.PLAIN_PASSWORD: _plain_secret("PLAIN as a client, with this password"),
    _O.ZAP_DOMAIN: Option(
        b"",
        1,
        255,
        unit="bytes",
        text="told to the ZAP handler; where it is not empty, that is asked with NULL, "
        "too",
    ),
    _O.ZAP_ENFORCE_DOMAIN: _truth(
        0, "with a ZAP_DOMAIN, nobody comes in while there is no ZAP handler"
    ),
}
