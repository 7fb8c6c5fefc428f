"""Chooses the mechanism of a connection by its socket's options."""

from __future__ import annotations

import time
from typing import Any, Callable, Mapping

from .. import constants as _C
from .. import loading
from ..zmtp import gss
from ..zmtp.mechanisms import Mechanism, plain
from ..zmtp.mechanisms.null import OPEN, Null
from ..zmtp.zap import ENDPOINT
from .side import Side
from .zap import HANDLERS

Options = Mapping[int, Any]

_LOCAL = ("inproc", "ipc")  # schemes


def mechanism(options: Options, judged: bool) -> Mechanism:
    """Make the mechanism of one connection.

    `judged`: the application decides about peers (`auth`), and no ZAP handler is asked.
    """
    return _MAKERS[options[_C.MECHANISM]](options, judged)


def _null(options: Options, judged: bool) -> Mechanism:
    domain = bool(options[_C.ZAP_DOMAIN])
    if not (judged or domain):
        return OPEN
    enforced = domain and bool(options[_C.ZAP_ENFORCE_DOMAIN])
    return Null(judged or domain, enforced, judged)


def _plain(options: Options, judged: bool) -> Mechanism:
    if options[_C.PLAIN_SERVER]:
        return plain.Server(judged)
    return plain.Client(options[_C.PLAIN_USERNAME], options[_C.PLAIN_PASSWORD])


def _curve(options: Options, judged: bool) -> Mechanism:
    with loading.lock:
        from ..zmtp.mechanisms import curve  # here, because it imports hmac

    secret = options[_C.CURVE_SECRETKEY]
    if not options[_C.CURVE_SERVER]:
        server = options[_C.CURVE_SERVERKEY]
        return curve.Client(options[_C.CURVE_PUBLICKEY], secret, server)
    domain = bool(options[_C.ZAP_DOMAIN])
    enforced = bool(options[_C.ZAP_ENFORCE_DOMAIN])
    asks, needs = judged or domain or not enforced, domain and enforced
    return curve.Server(secret, asks, needs, clock=time.monotonic)


def _gssapi(options: Options, judged: bool) -> Mechanism:
    with loading.lock:
        from ..zmtp.mechanisms import gssapi

    own = options[_C.GSSAPI_PRINCIPAL], options[_C.GSSAPI_PRINCIPAL_NAMETYPE]
    plaintext = bool(options[_C.GSSAPI_PLAINTEXT])
    if options[_C.GSSAPI_SERVER]:
        domain = bool(options[_C.ZAP_DOMAIN] and options[_C.ZAP_ENFORCE_DOMAIN])
        enforced = domain and not judged
        return gssapi.Server(lambda: gss.accept(*own), plaintext, enforced)
    service = options[_C.GSSAPI_SERVICE_PRINCIPAL]
    kind = options[_C.GSSAPI_SERVICE_PRINCIPAL_NAMETYPE]
    return gssapi.Client(lambda: gss.initiate(*own, service, kind), plaintext)


_MAKERS: dict[int, Callable[[Options, bool], Mechanism]] = {
    _C.NULL: _null,
    _C.PLAIN: _plain,
    _C.CURVE: _curve,
    _C.GSSAPI: _gssapi,
}


def exposed(side: Side, endpoint: str) -> bool:
    """Whether somebody on another machine may be the peer without having proved
    anything.

    That is so if nobody judges peers, and the peer is not a server whose key we know.
    """
    if endpoint.partition("://")[0] in _LOCAL or side.judge is not None:
        return False
    handler = side.registry.find(ENDPOINT, HANDLERS) is not None
    return not _PROVE[side.options[_C.MECHANISM]](side.options, handler)


def _null_proves(options: Options, handler: bool) -> bool:
    """A ZAP handler may judge by address; otherwise NULL proves nothing."""
    asked = bool(options[_C.ZAP_DOMAIN])
    return asked and (handler or bool(options[_C.ZAP_ENFORCE_DOMAIN]))


def _curve_proves(options: Options, handler: bool) -> bool:
    return not options[_C.CURVE_SERVER] or handler or _null_proves(options, handler)


_PROVE: dict[int, Callable[[Options, bool], bool]] = {
    _C.NULL: _null_proves,
    _C.PLAIN: lambda options, _: bool(options[_C.PLAIN_SERVER]),
    _C.CURVE: _curve_proves,
    _C.GSSAPI: lambda options, _: True,  # each side has a ticket
}
