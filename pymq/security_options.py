"""The rows of the options that secure connections; a part of `options`.

The option that was set last decides on the mechanism and the role, as in libzmq.
"""

from __future__ import annotations

from errno import EINVAL
from typing import Any, Mapping

from . import z85
from .constants import SecurityMechanism, SocketOption
from .error import error_for
from .option import Option
from .option import state as _state
from .option import truth as _truth
from .zmtp import gss, sodium

_O = SocketOption
_NULL, _PLAIN, _CURVE, _GSSAPI = map(int, tuple(SecurityMechanism))
_KEY = 32  # octets
_TEXT = 40  # of Z85


def _role(mechanism: int, server: int = 0) -> Mapping[int, Any]:
    """Return the values of all options of the mechanism and the role."""
    return {
        _O.MECHANISM: mechanism,
        _O.PLAIN_SERVER: server * (mechanism == _PLAIN),
        _O.CURVE_SERVER: server * (mechanism == _CURVE),
        _O.GSSAPI_SERVER: server * (mechanism == _GSSAPI),
    }


def need_curve(errno: int = EINVAL) -> None:
    """Raise ZMQError with `errno` if PyNaCl is not there.

    EINVAL is what options of a libzmq without CURVE give.
    """
    if not sodium.available():
        raise error_for(errno, f"CURVE needs PyNaCl: pip install {sodium.EXTRA}")


def _with_gssapi(_: Any, new: Any) -> Any:
    """Raise ZMQError(EINVAL) if the package is not there, as libzmq without GSSAPI."""
    if not gss.available():
        raise error_for(EINVAL, f"GSSAPI needs a package: pip install {gss.EXTRA}")
    return new


def check_keys(options: Mapping[int, Any]) -> None:
    """Raise ZMQError(EINVAL) for CURVE with a key that was not set.

    Such a key is all zeros, so it is no secret. libzmq accepts it from a server, and
    clients fail without a word.
    """
    if options[_O.MECHANISM] != _CURVE:
        return
    for number in _NEEDED[bool(options[_O.CURVE_SERVER])]:
        if options[number] == bytes(_KEY):
            raise error_for(EINVAL, f"CURVE needs {_O(number).name}")


def _curve_role(_: int, new: int) -> int:
    need_curve()
    return new


def _key(_: bytes, new: bytes) -> bytes:
    """Read a key of 32 octets, or 40 of Z85 with or without a final zero.

    Errors do not show it.
    """
    need_curve()
    if len(new) == _KEY:
        return new
    try:
        if len(new) == _TEXT or (len(new) == _TEXT + 1 and not new[_TEXT]):
            return z85.decode(new[:_TEXT])
    except ValueError:
        pass
    raise error_for(EINVAL, "a key is 32 bytes, or 40 of Z85")


_NEEDED = {
    False: (_O.CURVE_PUBLICKEY, _O.CURVE_SECRETKEY, _O.CURVE_SERVERKEY),
    True: (_O.CURVE_SECRETKEY,),
}
_CURVE_ROLE = {_O.MECHANISM: _CURVE, _O.PLAIN_SERVER: 0, _O.GSSAPI_SERVER: 0}
_GSSAPI_ROLE = {_O.MECHANISM: _GSSAPI, _O.PLAIN_SERVER: 0, _O.CURVE_SERVER: 0}


def _curve_key(text: str, sets: Any = lambda _: _CURVE_ROLE) -> Option:
    return Option(
        bytes(_KEY),
        _KEY,
        _TEXT + 1,
        readable=False,
        unit="32 bytes or Z85",
        text=text,
        keep=_key,
        sets=sets,
    )


def _plain_secret(text: str) -> Option:
    return Option(b"", 1, 255, unit="bytes", text=text, sets=lambda _: _role(_PLAIN))


def _principal(text: str, sets: Any = lambda _: _GSSAPI_ROLE) -> Option:
    return Option(b"", 1, 255, unit="bytes", text=text, keep=_with_gssapi, sets=sets)


def _name_type(text: str) -> Option:
    return Option(0, 0, 2, text=text, keep=_with_gssapi)


SECURITY: dict[int, Option] = {
    _O.MECHANISM: _state(
        _NULL,
        "the security mechanism: 0 NULL, 1 PLAIN, 2 CURVE, 3 GSSAPI; the last of "
        "PLAIN_*, CURVE_* and GSSAPI_* that was set decides. Not for inproc and STREAM",
    ),
    _O.PLAIN_SERVER: Option(
        0,
        0,
        1,
        unit="0 or 1",
        text="1: PLAIN as a server: the ZAP handler, or `auth` of bind, decides who "
        "comes in, and without either nobody does. 0: NULL",
        sets=lambda value: _role(_PLAIN if value else _NULL, value),
    ),
    _O.PLAIN_USERNAME: _plain_secret("PLAIN as a client, under this name"),
    _O.PLAIN_PASSWORD: _plain_secret("PLAIN as a client, with this password"),
    _O.CURVE_SERVER: Option(
        0,
        0,
        1,
        unit="0 or 1",
        text="1: CURVE as a server, with CURVE_SECRETKEY: the ZAP handler, or `auth` "
        "of bind, decides whose key comes in, and without either everybody's. 0: NULL",
        keep=_curve_role,
        sets=lambda value: _role(_CURVE if value else _NULL, value),
    ),
    _O.CURVE_PUBLICKEY: _curve_key("our own, of a client"),
    _O.CURVE_SECRETKEY: _curve_key("our own"),
    _O.CURVE_SERVERKEY: _curve_key(
        "CURVE as a client, of the server with this public key",
        lambda _: _role(_CURVE),
    ),
    _O.GSSAPI_SERVER: Option(
        0,
        0,
        1,
        unit="0 or 1",
        text="1: GSSAPI as a server: who has a ticket comes in, unless the ZAP handler "
        "says no. 0: as a client",
        keep=_with_gssapi,
        sets=lambda value: _role(_GSSAPI, value),
    ),
    _O.GSSAPI_PRINCIPAL: _principal('our own; b"": whatever there are credentials for'),
    _O.GSSAPI_SERVICE_PRINCIPAL: _principal(
        "GSSAPI as a client, of this server", lambda _: _role(_GSSAPI)
    ),
    _O.GSSAPI_PLAINTEXT: Option(
        0,
        0,
        1,
        unit="0 or 1",
        text="1: messages are not protected, only the names of the peers are sure",
        keep=_with_gssapi,
    ),
    _O.GSSAPI_PRINCIPAL_NAMETYPE: _name_type(
        "what GSSAPI_PRINCIPAL is: 0 SERVICE@HOST, 1 a user, 2 a principal of Kerberos"
    ),
    _O.GSSAPI_SERVICE_PRINCIPAL_NAMETYPE: _name_type(
        "what GSSAPI_SERVICE_PRINCIPAL is, as GSSAPI_PRINCIPAL_NAMETYPE"
    ),
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
