"""Options of a socket, by number; `options` is the table of most of them."""

from __future__ import annotations

import warnings
from errno import EINVAL
from typing import Any, Union

from . import options as table
from .attributes import define_options
from .constants import SocketOption, SocketType
from .error import ZMQError, error_for
from .socket_state import SocketState

_O = SocketOption


class Settings(SocketState):
    """Mixed into `Socket`."""

    def get(self, option: int) -> Any:
        """Read an option (zmq_getsockopt).

        Returns an int or bytes.  `docs/options.md` lists the options.  ZMQError(EINVAL)
        if there is no such option, or it can only be set.
        """
        self._check_open()
        reader = _READERS.get(option)
        if reader is not None:
            return reader(self)
        row = table.find(option)
        if not row.readable:
            raise error_for(EINVAL, "the option can only be set")
        return self._options[option]

    def set(self, option: int, optval: Any) -> None:
        """Set an option (zmq_setsockopt).

        `docs/options.md` lists the options, their types and units.  Most act on
        connections that are made afterwards.

        TypeError for a value of the wrong type, OverflowError for an integer that does
        not fit the option's C type, ZMQError(EINVAL) if the value is out of range or
        this socket type does not have the option.
        """
        value = optval
        self._check_open()
        writer = _WRITERS.get(option)
        if writer is not None:
            writer(self, value)
            self._changed()
            return
        row = table.OPTIONS.get(option)
        if row is None:
            table.check_type(option, value)
            row = table.find(option)
        table.check(option, row, value, self._type)
        if type(value) is not int and isinstance(value, int):
            value = int(value)  # no bool, no enum
        if row.keep is not None:
            value = row.keep(self._options[option], value)
        self._options[option] = value
        if row.sets is not None:
            self._options.update(row.sets(value))
        if row.live is not None:
            self._hub.set(row.live, value)
            self._changed()
        if option in _GREETINGS:
            self._hub.greet(_GREETINGS[option](value))

    def _set_option(self, key: str, value: Any) -> None:
        if key.lower() in ("subscribe", "unsubscribe") and isinstance(value, str):
            value = value.encode()
        super()._set_option(key, value)

    getsockopt = get
    setsockopt = set

    def set_string(self, option: int, optval: str, encoding: str = "utf-8") -> None:
        """Set a bytes option from text.  TypeError unless `optval` is a str."""
        if not isinstance(optval, str):
            # Not the value: it may be a key.
            raise TypeError(f"strings only, not {type(optval).__name__}")
        self.set(option, optval.encode(encoding))

    def get_string(self, option: int, encoding: str = "utf-8") -> str:
        """Read a bytes option as text.  TypeError if it is an int."""
        value = self.get(option)
        if not isinstance(value, bytes):
            raise TypeError(f"option {option} does not have bytes")
        return value.decode(encoding)

    setsockopt_string = setsockopt_unicode = set_string
    getsockopt_string = getsockopt_unicode = get_string

    def get_hwm(self) -> int:
        """Return SNDHWM, in messages."""
        return int(self.get(_O.SNDHWM))

    def set_hwm(self, value: int) -> None:
        """Set SNDHWM and RCVHWM, in messages; 0 for no limit."""
        self.set(_O.SNDHWM, value)
        self.set(_O.RCVHWM, value)

    hwm = property(get_hwm, set_hwm, doc="SNDHWM; setting it sets RCVHWM too.")

    def subscribe(self, topic: Union[str, bytes]) -> None:
        """Subscribe to messages that begin with `topic` (SUB; option SUBSCRIBE).

        On an XPUB with XPUB_MANUAL it subscribes the peer whose subscription message
        was received last.  A str is encoded as UTF-8.  ZMQError(EINVAL) for another
        type.
        """
        self.set(_O.SUBSCRIBE, topic.encode() if isinstance(topic, str) else topic)

    def unsubscribe(self, topic: Union[str, bytes]) -> None:
        """Take back one `subscribe` to the same topic (option UNSUBSCRIBE).

        On an XPUB with XPUB_MANUAL: that of the peer whose message was received last.
        """
        self.set(_O.UNSUBSCRIBE, topic.encode() if isinstance(topic, str) else topic)

    @property
    def type(self) -> int:
        """The socket type; also readable after `close`."""
        return self._type

    @property
    def socket_type(self) -> int:
        """The old name of `type`.  Deprecated."""
        text = "Socket.socket_type is deprecated, use Socket.type"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return self._type

    def join(self, group: Union[str, bytes]) -> None:
        """Only for DISH sockets, which are a draft of ZeroMQ: RuntimeError."""
        raise RuntimeError("join is of the draft socket type DISH")

    def leave(self, group: Union[str, bytes]) -> None:
        """Only for DISH sockets, which are a draft of ZeroMQ: RuntimeError."""
        raise RuntimeError("leave is of the draft socket type DISH")


def _subscription(sock: Settings, topic: Any, change: str) -> None:
    if not isinstance(topic, bytes):
        raise TypeError(f"a topic is bytes, not {type(topic).__name__}: {topic!r}")
    if sock._type is SocketType.SUB:
        getattr(sock._hub, change)(topic)
    elif sock._options[_O.XPUB_MANUAL]:
        sock._hub.grant(topic, change == "subscribe")
    else:
        raise ZMQError(EINVAL)


def _set_ipv4only(sock: Settings, value: Any) -> None:
    row = table.find(_O.IPV6)
    table.check(_O.IPV6, row, value, sock._type)
    sock._options[_O.IPV6] = 1 - value


def _set_router_raw(sock: Settings, value: Any) -> None:
    """Set ROUTER_RAW.  To set it back to 0 changes nothing, as in libzmq."""
    table.check(_O.ROUTER_RAW, table.find(_O.ROUTER_RAW), value, sock._type)
    if value and not sock._options[_O.ROUTER_RAW]:
        from .patterns.stream import Raw

        sock._options[_O.ROUTER_RAW] = value
        if sock._type is SocketType.ROUTER:  # a REP finds no envelope, and stays so
            sock._use(Raw(sock._hub, sock._options))


def _topics_count(sock: Settings) -> int:
    if sock._type not in _TOPICAL:
        raise ZMQError(EINVAL)
    return int(sock._hub.topics())


_TOPICAL = (SocketType.PUB, SocketType.SUB, SocketType.XPUB, SocketType.XSUB)

#: What every new pipe begins with.
_GREETINGS: dict[int, Any] = {
    _O.PROBE_ROUTER: lambda value: b"" if value else None,
    _O.XPUB_WELCOME_MSG: lambda value: value or None,
}


def _admit_network(sock: Settings, value: Any) -> None:
    from .transports import filters  # `import pymq` should cost little

    row = table.find(_O.TCP_ACCEPT_FILTER)
    table.check(_O.TCP_ACCEPT_FILTER, row, value, sock._type)
    network = filters.parse(value, bool(sock._options[_O.IPV6]))
    sock._options[_O.TCP_ACCEPT_FILTER] += (network,)


def _add_property(sock: Settings, value: Any) -> None:
    """Add a property to METADATA.  Of two with one name the first counts, as in
    libzmq."""
    table.check(_O.METADATA, table.find(_O.METADATA), value, sock._type)
    raw, _, text = value.partition(b":")
    name = raw.decode("latin-1")
    if not (text and name.startswith("X-") and name.isascii() and name.isprintable()):
        raise error_for(EINVAL, "METADATA takes b'X-name:value'")
    if len(name) > 255:
        raise error_for(EINVAL, "the name of a property has at most 255 characters")
    said = sock._options[_O.METADATA]
    if name.lower() not in (known.lower() for known, _ in said):
        sock._options[_O.METADATA] = (*said, (name, text))


def _set_heartbeat_ttl(sock: Settings, value: Any) -> None:
    row = table.find(_O.HEARTBEAT_TTL)
    table.check(_O.HEARTBEAT_TTL, row, value, sock._type)
    sock._options[_O.HEARTBEAT_TTL] = value - value % 100


_READERS: dict[int, Any] = {
    _O.RCVMORE: lambda sock: int(sock._end.more),
    _O.EVENTS: Settings._ready,
    _O.FD: Settings._signal_fd,
    _O.TYPE: lambda sock: int(sock._type),
    _O.IPV4ONLY: lambda sock: 1 - sock._options[_O.IPV6],
    _O.INVERT_MATCHING: lambda sock: int(bool(sock._options[_O.INVERT_MATCHING])),
    _O.TOPICS_COUNT: _topics_count,
}

_WRITERS: dict[int, Any] = {
    _O.SUBSCRIBE: lambda sock, topic: _subscription(sock, topic, "subscribe"),
    _O.UNSUBSCRIBE: lambda sock, topic: _subscription(sock, topic, "unsubscribe"),
    _O.IPV4ONLY: _set_ipv4only,
    _O.ROUTER_RAW: _set_router_raw,
    _O.TCP_ACCEPT_FILTER: _admit_network,
    _O.HEARTBEAT_TTL: _set_heartbeat_ttl,
    _O.METADATA: _add_property,
}

define_options(Settings, SocketOption)
