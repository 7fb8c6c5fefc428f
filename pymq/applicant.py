"""Who wants to come in, as `auth` of `Socket.bind` is told."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence, Union

from . import z85
from .zmtp import metadata


class Applicant(NamedTuple):
    """A peer that shakes hands.  `routing_id` and `metadata` are its own words; what
    else is here is known."""

    address: str  # as ``frame["Peer-Address"]``
    mechanism: str  # NULL, PLAIN, CURVE or GSSAPI
    domain: str  # ZAP_DOMAIN of the socket
    routing_id: bytes  # b"" if it has none
    metadata: Mapping[str, bytes]
    raw_key: Union[bytes, None] = None  # CURVE: 32 octets; it has the secret one
    username: Union[str, None] = None  # PLAIN; GSSAPI: the principal
    password: Union[bytes, None] = None  # PLAIN

    @property
    def key(self) -> Union[bytes, None]:
        """CURVE: its public key in Z85, as `curve_keypair` and `load_certificates` have
        them."""
        return None if self.raw_key is None else z85.encode(self.raw_key)

    @property
    def user_id(self) -> str:
        """Who it is, unless `auth` says otherwise: the public key, the user name or the
        principal; "" with NULL."""
        return self.username or (self.key or b"").decode("ascii")

    def __repr__(self) -> str:
        """Shows no password."""
        shown = self._replace(password=None if self.password is None else b"...")
        fields = (f"{name}={value!r}" for name, value in zip(self._fields, shown))
        return f"Applicant({', '.join(fields)})"


def introduce(
    address: str,
    domain: bytes,
    mechanism: bytes,
    credentials: Sequence[bytes],
    claims: dict[str, bytes],
) -> Applicant:
    """Of what a ZAP handler would be told, and what the peer says of itself."""
    peer = Applicant(
        address,
        mechanism.decode("ascii"),
        domain.decode("utf-8", "replace"),
        metadata.find(claims, metadata.IDENTITY) or b"",
        claims,
    )
    if mechanism == b"CURVE":
        return peer._replace(raw_key=credentials[0])
    if not credentials:
        return peer
    user = credentials[0].decode("utf-8", "surrogateescape")
    password = credentials[1] if mechanism == b"PLAIN" else None
    return peer._replace(username=user, password=password)
