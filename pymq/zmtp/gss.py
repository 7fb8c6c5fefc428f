"""GSSAPI through the package ``gssapi``: Kerberos contexts, and what they protect.

That package is an extra, ``pymq[gssapi]``; without it nothing here may be called.  Some
functions ask other machines or read files, so `Context.step` may take long.
"""

from __future__ import annotations

from typing import Any, Callable, TypeVar, Union

from ..constants import Event
from ..loading import load
from .error import ProtocolError

EXTRA = "pymq[gssapi]"

#: By the numbers of GSSAPI_NT_*.
_NAME_TYPES = ("hostbased_service", "user", "kerberos_principal")
#: What libzmq asks for, too; it takes what else there is.
_WANTED = (
    "mutual_authentication",
    "replay_detection",
    "out_of_sequence_detection",
    "confidentiality",
    "integrity",
)
#: Without these nobody is let in.
_NEEDED = ("mutual_authentication", "replay_detection", "confidentiality", "integrity")

_gssapi: Any = None

_Result = TypeVar("_Result")


def available() -> bool:
    """Whether the package can be imported."""
    try:
        _package()
    except (ImportError, OSError):
        return False
    return True


def _package() -> Any:
    global _gssapi
    if _gssapi is None:
        _gssapi = load("gssapi")
    return _gssapi


def _checked(call: Callable[[], _Result], fatal: bool = True) -> _Result:
    """Turn errors of the library into ones that end the connection."""
    try:
        return call()
    except _package().exceptions.GSSError as error:
        code = Event.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC
        raise ProtocolError(f"GSSAPI: {error}", code if fatal else 0, fatal) from None


def _name(principal: bytes, kind: int) -> Any:
    package = _package()
    name_type = getattr(package.NameType, _NAME_TYPES[kind])
    return package.Name(principal, name_type)


class Context:
    """One side of a security context."""

    def __init__(self, context: Any) -> None:
        self._context = context
        # Otherwise the package raises an error only when the next attribute is read.
        context.__DEFER_STEP_ERRORS__ = False

    @property
    def complete(self) -> bool:
        """Whether both sides know who the other is."""
        return bool(self._context.complete)

    def step(self, received: Union[bytes, None] = None) -> bytes:
        """Take the peer's token, and return the next one to send, b"" if there is none.

        ProtocolError for a bad token.  A first step also fails if there are no
        credentials or no ticket can be had; that is not fatal, because nobody is at
        fault.
        """
        sent = _checked(lambda: self._context.step(received), received is not None)
        if self.complete:
            _checked(self._check)
        return bytes(sent or b"")

    def _check(self) -> None:
        """Check that the peer wants no less protection than we need."""
        flags = _package().RequirementFlag
        for name in _NEEDED:
            if getattr(flags, name) not in self._context.actual_flags:
                code = Event.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC
                raise ProtocolError(f"GSSAPI without {name}", code)

    def peer(self) -> bytes:
        """The principal of the client, for the accepting side."""
        return str(self._context.initiator_name).encode()

    def wrap(self, plain: bytes) -> bytes:
        """Return a token that only the peer can open, and only once."""
        return bytes(_checked(lambda: self._context.wrap(plain, True)).message)

    def unwrap(self, token: bytes) -> bytes:
        """Return what the peer has wrapped.

        ProtocolError if it is not from the peer, is repeated, or was not encrypted.
        """
        found = _checked(lambda: self._context.unwrap(token))
        if not found.encrypted:
            code = Event.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC
            raise ProtocolError("GSSAPI: a token that is not encrypted", code)
        return bytes(found.message)


def initiate(principal: bytes, kind: int, service: bytes, service_kind: int) -> Context:
    """Make the context of a client of a service.

    `principal` is the client's; without it, that of whoever has a ticket.
    """

    def make() -> Any:
        package = _package()
        credentials = None
        if principal:
            name = _name(principal, kind)
            credentials = package.Credentials(name=name, usage="initiate")
        flags = [getattr(package.RequirementFlag, name) for name in _WANTED]
        return package.SecurityContext(
            name=_name(service, service_kind),
            creds=credentials,
            flags=flags,
            usage="initiate",
        )

    return Context(_checked(make, fatal=False))


def accept(principal: bytes, kind: int) -> Context:
    """Make the context of a server: as `principal`, or as any in the keytab."""

    def make() -> Any:
        package = _package()
        name = _name(principal, kind) if principal else None
        credentials = package.Credentials(name=name, usage="accept")
        return package.SecurityContext(creds=credentials, usage="accept")

    return Context(_checked(make, fatal=False))
