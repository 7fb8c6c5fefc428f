"""libsodium through PyNaCl: all of the arithmetic of CURVE.

PyNaCl is an extra, ``pymq[curve]``; without it nothing here may be called.  A box is a
tag of 16 octets and what is sealed.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Callable, TypeVar

from ..constants import Event
from ..loading import load
from .error import ProtocolError

EXTRA = "pymq[curve]"

_nacl: Any = None

_Result = TypeVar("_Result")


def available() -> bool:
    """Whether PyNaCl can be imported."""
    try:
        _bindings()
    except ImportError:
        return False
    return True


def _bindings() -> Any:
    global _nacl
    if _nacl is None:
        _nacl = load("nacl.bindings")
    return _nacl


def _checked(call: Callable[[], _Result]) -> _Result:
    """Turn errors of the library into ProtocolError: bad boxes and keys are the
    peer's fault."""
    try:
        return call()
    except import_module("nacl.exceptions").CryptoError:
        raise ProtocolError(
            "not sealed with the right key, or altered",
            Event.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC,
        ) from None


def public(secret: bytes) -> bytes:
    """Return the public key of a secret one."""
    result: bytes = _bindings().crypto_scalarmult_base(secret)
    return result


def random(size: int) -> bytes:
    """Return so many random octets."""
    result: bytes = _bindings().randombytes(size)
    return result


def shared(public_key: bytes, secret: bytes) -> bytes:
    """Return the key for `seal` and `open`, of one side's secret and the other's
    public key."""
    result: bytes = _checked(
        lambda: _bindings().crypto_box_beforenm(public_key, secret)
    )
    return result


def seal(plain: bytes, nonce: bytes, key: bytes) -> bytes:
    """Seal with a `shared` key; `nonce` has 24 octets."""
    result: bytes = _bindings().crypto_box_afternm(plain, nonce, key)
    return result


def open(box: bytes, nonce: bytes, key: bytes) -> bytes:
    """Open what `seal` has sealed.  ProtocolError if key or nonce were others."""
    result: bytes = _checked(
        lambda: _bindings().crypto_box_open_afternm(box, nonce, key)
    )
    return result


#: PyNaCl has it since 1.6.
_OPEN_EASY = "crypto_box_open_easy_afternm"


def functions() -> tuple[int, int, int]:
    """Return addresses of functions of libsodium, for C to call without Python.

    They seal, open, and open what is short; the last is 0 if PyNaCl has none.

    The first two are NaCl's own.  They want 32 octets of room in front of the message,
    and make one pass over both, where the "easy" functions make two.  At 1 KiB they
    take 0.9 µs instead of 1.3 to seal, and 1.1 instead of 1.4 to open.  But to open 64
    octets they take 0.6 instead of 0.5.
    """
    _bindings()  # which makes libsodium find out what the processor can do
    module = import_module("nacl._sodium")
    ffi, lib = module.ffi, module.lib

    def address(name: str) -> int:
        return int(ffi.cast("uintptr_t", ffi.addressof(lib, name)))

    easy = address(_OPEN_EASY) if hasattr(lib, _OPEN_EASY) else 0
    return address("crypto_box_afternm"), address("crypto_box_open_afternm"), easy
