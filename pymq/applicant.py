"""What the `auth` function of `Socket.bind` is told about a peer."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence, Union

from . import z85
from .zmtp import metadata


class Applicant(NamedTuple):
    """A peer that wants to connect, as the `auth` function of `Socket.bind` gets it.

    `routing_id` and `metadata` are what the peer says of itself, unproved.  The other
    fields are checked by the system or by the mechanism (but PLAIN's password is for
    `auth` to check).
    """

    address: str  # as ``frame["Peer-Address"]``
    mechanism: str  # NULL, PLAIN, CURVE or GSSAPI
    domain: str  # the ZAP_DOMAIN of the socket that was bound
    routing_id: bytes  # b"" if the peer has none
    metadata: Mapping[str, bytes]
    raw_key: Union[bytes, None] = None  # CURVE: 32 bytes; it has proved its secret one
    username: Union[str, None] = None  # PLAIN; GSSAPI: the principal
    password: Union[bytes, None] = None  # PLAIN

    @property
    def key(self) -> Union[bytes, None]:
        """CURVE: the peer's public key in Z85 (40 bytes, RFC 32), else None.

        `curve_keypair` and `load_certificates` return keys in the same form.
        """
        return None if self.raw_key is None else z85.encode(self.raw_key)

    @property
    def user_id(self) -> str:
        """The peer's User-Id, unless `auth` returns another.

        It is the public key with CURVE, the user name with PLAIN, the principal with
        GSSAPI, and "" with NULL.
        """
        return self.username or (self.key or b"").decode("ascii")

    def __repr__(self) -> str:
        """Does not show the password."""
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
    """Make an `Applicant` of what ZAP would be told and of what the peer says."""
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
