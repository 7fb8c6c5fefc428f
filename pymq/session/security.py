"""Which mechanism a connection has, by its socket's options."""

from __future__ import annotations

import time
from typing import Any, Callable, Mapping

from .. import loading
from ..constants import SecurityMechanism, SocketOption
from ..zmtp import gss
from ..zmtp.mechanisms import Mechanism, plain
from ..zmtp.mechanisms.null import OPEN, Null
from ..zmtp.zap import ENDPOINT
from . import Side
from .zap import HANDLERS

Options = Mapping[int, Any]

_O = SocketOption
_LOCAL = ("inproc", "ipc")  # schemes


def mechanism(options: Options, judged: bool) -> Mechanism:
    """A new one, for one connection; `judged` where the application says who comes
    in, and no ZAP handler is asked."""
    return _MAKERS[options[_O.MECHANISM]](options, judged)


def _null(options: Options, judged: bool) -> Mechanism:
    domain = bool(options[_O.ZAP_DOMAIN])
    if not (judged or domain):
        return OPEN
    enforced = domain and bool(options[_O.ZAP_ENFORCE_DOMAIN])
    return Null(judged or domain, enforced, judged)


def _plain(options: Options, judged: bool) -> Mechanism:
    if options[_O.PLAIN_SERVER]:
        return plain.Server(judged)
    return plain.Client(options[_O.PLAIN_USERNAME], options[_O.PLAIN_PASSWORD])


def _curve(options: Options, judged: bool) -> Mechanism:
    with loading.lock:
        from ..zmtp.mechanisms import curve  # it needs hmac, which costs an import

    secret = options[_O.CURVE_SECRETKEY]
    if not options[_O.CURVE_SERVER]:
        server = options[_O.CURVE_SERVERKEY]
        return curve.Client(options[_O.CURVE_PUBLICKEY], secret, server)
    domain = bool(options[_O.ZAP_DOMAIN])
    enforced = bool(options[_O.ZAP_ENFORCE_DOMAIN])
    asks, needs = judged or domain or not enforced, domain and enforced
    return curve.Server(secret, asks, needs, clock=time.monotonic)


def _gssapi(options: Options, judged: bool) -> Mechanism:
    with loading.lock:
        from ..zmtp.mechanisms import gssapi

    own = options[_O.GSSAPI_PRINCIPAL], options[_O.GSSAPI_PRINCIPAL_NAMETYPE]
    plaintext = bool(options[_O.GSSAPI_PLAINTEXT])
    if options[_O.GSSAPI_SERVER]:
        domain = bool(options[_O.ZAP_DOMAIN] and options[_O.ZAP_ENFORCE_DOMAIN])
        enforced = domain and not judged
        return gssapi.Server(lambda: gss.accept(*own), plaintext, enforced)
    service = options[_O.GSSAPI_SERVICE_PRINCIPAL]
    kind = options[_O.GSSAPI_SERVICE_PRINCIPAL_NAMETYPE]
    return gssapi.Client(lambda: gss.initiate(*own, service, kind), plaintext)


_MAKERS: dict[int, Callable[[Options, bool], Mechanism]] = {
    SecurityMechanism.NULL: _null,
    SecurityMechanism.PLAIN: _plain,
    SecurityMechanism.CURVE: _curve,
    SecurityMechanism.GSSAPI: _gssapi,
}


def exposed(side: Side, endpoint: str) -> bool:
    """Whether somebody who has proved nothing may be at the other end, from another
    machine: nobody has looked at it, nor is it the server whose key we know."""
    if endpoint.partition("://")[0] in _LOCAL or side.judge is not None:
        return False
    handler = side.registry.find(ENDPOINT, HANDLERS) is not None
    return not _PROVE[side.options[_O.MECHANISM]](side.options, handler)


def _null_proves(options: Options, handler: bool) -> bool:
    """Nothing but an address, which somebody has chosen."""
    asked = bool(options[_O.ZAP_DOMAIN])
    return asked and (handler or bool(options[_O.ZAP_ENFORCE_DOMAIN]))


def _curve_proves(options: Options, handler: bool) -> bool:
    return not options[_O.CURVE_SERVER] or handler or _null_proves(options, handler)


_PROVE: dict[int, Callable[[Options, bool], bool]] = {
    SecurityMechanism.NULL: _null_proves,
    SecurityMechanism.PLAIN: lambda options, _: bool(options[_O.PLAIN_SERVER]),
    SecurityMechanism.CURVE: _curve_proves,
    SecurityMechanism.GSSAPI: lambda options, _: True,  # each side has a ticket
}
