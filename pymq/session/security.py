"""Which mechanism a connection has, by its socket's options."""

from __future__ import annotations

import time
from typing import Any, Callable, Mapping

from ..constants import SecurityMechanism, SocketOption
from ..zmtp.mechanisms import Mechanism, plain
from ..zmtp.mechanisms.null import Null

Options = Mapping[int, Any]

_O = SocketOption


def mechanism(options: Options) -> Mechanism:
    """A new one, for one connection."""
    return _MAKERS[options[_O.MECHANISM]](options)


def _null(options: Options) -> Mechanism:
    domain = bool(options[_O.ZAP_DOMAIN])
    return Null(domain, domain and bool(options[_O.ZAP_ENFORCE_DOMAIN]))


def _plain(options: Options) -> Mechanism:
    if options[_O.PLAIN_SERVER]:
        return plain.Server()
    return plain.Client(options[_O.PLAIN_USERNAME], options[_O.PLAIN_PASSWORD])


def _curve(options: Options) -> Mechanism:
    from ..zmtp.mechanisms import curve  # it needs hmac, which costs an import

    secret = options[_O.CURVE_SECRETKEY]
    if not options[_O.CURVE_SERVER]:
        server = options[_O.CURVE_SERVERKEY]
        return curve.Client(options[_O.CURVE_PUBLICKEY], secret, server)
    domain = bool(options[_O.ZAP_DOMAIN])
    enforced = bool(options[_O.ZAP_ENFORCE_DOMAIN])
    asks, needs = domain or not enforced, domain and enforced
    return curve.Server(secret, asks, needs, clock=time.monotonic)


_MAKERS: dict[int, Callable[[Options], Mechanism]] = {
    SecurityMechanism.NULL: _null,
    SecurityMechanism.PLAIN: _plain,
    SecurityMechanism.CURVE: _curve,
}
