"""Who may connect: TCP_ACCEPT_FILTER by address, IPC_FILTER_* by credentials."""

from __future__ import annotations

import socket
from errno import EINVAL
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Union

from .. import constants as _C
from ..error import error_for
from . import credentials

if TYPE_CHECKING:
    from . import Options, Stream

_MAPPED = bytes(10) + b"\xff\xff"  # an IPv4 address in an IPv6 one begins so


class Network(NamedTuple):
    """The addresses that begin with `bits` bits of `start`."""

    start: bytes
    bits: int

    def has(self, address: bytes) -> bool:
        """Whether an address is one of them."""
        shift = len(self.start) * 8 - self.bits
        return len(address) == len(self.start) and (
            int.from_bytes(address, "big") >> shift
            == int.from_bytes(self.start, "big") >> shift
        )


def parse(text: bytes, ipv6: bool) -> Network:
    """``address`` or ``address/bits``; IPv6 only where the socket has it.
    ZMQError(EINVAL)."""
    address, slash, bits = text.decode("latin-1").partition("/")
    start = _packed(address, ipv6)
    size = len(start or b"") * 8
    if start is None or (slash and not bits.isdecimal()) or int(bits or 0) > size:
        raise error_for(EINVAL, f"not a network: {text!r}")
    return Network(start, int(bits) if slash else size)


def _packed(address: str, ipv6: bool) -> Union[bytes, None]:
    if not address.isascii():
        return None
    try:
        if ":" not in address:
            return socket.inet_aton(address)  # takes 127.1 too, as libzmq does
        bare = address[1:-1] if address[0] + address[-1] == "[]" else address
        return socket.inet_pton(socket.AF_INET6, bare) if ipv6 else None
    except (OSError, ValueError):
        return None


def admit(connection: Stream, options: Options) -> bool:
    """Whether the options let this peer in."""
    look = _FILTERS.get(connection.family)
    return look is None or look(connection, options)


def _by_address(connection: Stream, options: Options) -> bool:
    networks: tuple[Network, ...] = options[_C.TCP_ACCEPT_FILTER]
    if not networks:
        return True
    try:
        host = connection.getpeername()[0].partition("%")[0]
    except OSError:
        return False  # it has gone already
    peer = socket.inet_pton(connection.family, host)
    if peer.startswith(_MAPPED) and len(peer) == 16:
        peer = peer[len(_MAPPED) :]
    return any(network.has(peer) for network in networks)


def _by_credentials(connection: Stream, options: Options) -> bool:
    pids, uids, gids = (
        options[option]
        for option in (_C.IPC_FILTER_PID, _C.IPC_FILTER_UID, _C.IPC_FILTER_GID)
    )
    if not (pids or uids or gids):
        return True
    peer = credentials.of_peer(connection)
    if peer is None:
        return False  # who cannot be told from others does not come in
    return (
        peer.process in pids
        or peer.user in uids
        or peer.group in gids
        or any(_is_member(peer.user, group) for group in gids)
    )


def _is_member(uid: int, gid: int) -> bool:
    """Whether /etc/group has the user in that group."""
    import grp
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name in grp.getgrgid(gid).gr_mem
    except KeyError:
        return False


_FILTERS: dict[int, Callable[[Stream, Any], bool]] = {
    socket.AF_INET: _by_address,
    socket.AF_INET6: _by_address,
}
if hasattr(socket, "AF_UNIX"):
    _FILTERS[socket.AF_UNIX] = _by_credentials
