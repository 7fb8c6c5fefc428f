"""Which mechanism a connection has, by its socket's options."""

from __future__ import annotations

import time
from typing import Any, Callable, Mapping

from ..constants import SecurityMechanism, SocketOption
from ..zmtp import gss
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


def _gssapi(options: Options) -> Mechanism:
    from ..zmtp.mechanisms import gssapi

    own = options[_O.GSSAPI_PRINCIPAL], options[_O.GSSAPI_PRINCIPAL_NAMETYPE]
    plaintext = bool(options[_O.GSSAPI_PLAINTEXT])
    if options[_O.GSSAPI_SERVER]:
        enforced = bool(options[_O.ZAP_DOMAIN] and options[_O.ZAP_ENFORCE_DOMAIN])
        return gssapi.Server(lambda: gss.accept(*own), plaintext, enforced)
    service = options[_O.GSSAPI_SERVICE_PRINCIPAL]
    kind = options[_O.GSSAPI_SERVICE_PRINCIPAL_NAMETYPE]
    return gssapi.Client(lambda: gss.initiate(*own, service, kind), plaintext)


_MAKERS: dict[int, Callable[[Options], Mechanism]] = {
    SecurityMechanism.NULL: _null,
    SecurityMechanism.PLAIN: _plain,
    SecurityMechanism.CURVE: _curve,
    SecurityMechanism.GSSAPI: _gssapi,
}
