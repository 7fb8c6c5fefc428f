"""A ZMTP handshake, from the first octet to READY, without any input or output.

The caller moves bytes::

    handshake = Handshake("DEALER", b"", Null(), COMPATIBLE["DEALER"])
    handshake.start()
    while handshake.result is None:
        sock.sendall(handshake.data_to_send())
        data = sock.recv(8192)
        if data:
            handshake.receive_data(data)
        else:
            handshake.receive_eof()
    sock.sendall(handshake.data_to_send())

`data_to_send` may return something after the end, too: our READY, or the rest of the
greeting, which RFC 37 wants sent even to a peer that is refused.

If the peer has to be judged, `credentials` says what to ask about, and `claims` what
the peer says of itself.  The handshake then goes on only after one of these: `answer`
with a ZAP handler's reply, `judge` with somebody else's, or `answer_alone` if there is
nobody to ask.  What the peer sends meanwhile is still taken in.

If something takes long, it is in `aside`: call it on another thread, and give its
outcome to `resume`.  Nothing is taken in before that.

If nobody has to be asked, READY of NULL goes out right behind the greeting: by then the
peer has shown that it speaks ZMTP 3.  A peer with another mechanism refuses our
greeting anyway, and has not read further.

No message may be sent before the result is `Ready`: libzmq drops a peer whose messages
arrive before its own READY.

Peers of ZMTP 1.0 and 2.0 are recognised by their first octets.  With them each side
sends its routing id instead of READY.  They have no security, so they are refused if
any is wanted.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Callable, Mapping, NamedTuple, Sequence, Union

from ..constants import Event, SocketType
from . import command, frame, greeting, metadata, older, zap
from .error import ProtocolError
from .mechanisms import Mechanism, Step
from .sealing import Keys, Protection
from .socket_types import NAMED

#: Octets before READY; neither RFC 37 nor libzmq has a limit.  With what holds them
#: that is less than 64 KiB.
MAX_COMMAND = 48 * 1024
MAX_IDENTITY = 255


class Ready(NamedTuple):
    """The result if the peer is accepted."""

    minor: int  # 0 or 1: the ZMTP 3.x that both sides speak; 0 below 3
    properties: dict[str, bytes]  # the peer's metadata, with names as it spelled them
    leftover: bytes  # what the peer sent behind its handshake
    major: int = 3  # 1, 2 or 3: the ZMTP that both sides speak
    judged: Union[Mapping[str, bytes], None] = None  # what ZAP says of the peer
    sealing: Union[Keys, Protection, None] = None  # seals frames from now on

    @property
    def socket_type(self) -> str:
        """The peer's socket type, "" if it did not say."""
        value = metadata.find(self.properties, metadata.SOCKET_TYPE)
        return (value or b"").decode("ascii")

    @property
    def identity(self) -> bytes:
        """The peer's routing id, b"" if it has none.

        One that begins with a zero octet counts as none: RFC 37 forbids it, and ids
        that are made up look like that.
        """
        value = metadata.find(self.properties, metadata.IDENTITY)
        return b"" if value is None or value[:1] == b"\0" else value


class Failed(NamedTuple):
    """The result if the connection must be closed.  Fields are as of
    `ProtocolError`."""

    code: int  # a PROTOCOL_ERROR_* value; 0: the peer left, or refused us
    reason: str
    fatal: bool  # a connecting side must not retry
    status: int = 0  # ZAP status code with which the peer refused us, or we it
    told: bool = False  # the peer is told why, and should be given time to read it


Result = Union[Ready, Failed]


class Handshake:
    """One connection's handshake.

    `socket_type` is our own, in upper case; `identity` is our routing id, 0 to 255
    octets; `accepts` are the socket types that the peer may have.  `old_peers`: peers
    of ZMTP 1.0 and 2.0 are let in, if the mechanism is NULL.  (They cannot tell, or are
    not asked for, their type.)

    `result` is None until the end.
    """

    __slots__ = (
        "_accepts",
        "_greeting",
        "_identity",
        "_judged",
        "_input",
        "_major",
        "_mechanism",
        "_metadata",
        "_minor",
        "_old_peers",
        "_output",
        "_socket_type",
        "_stage",
        "_started",
        "aside",
        "claims",
        "credentials",
        "result",
    )
    result: Union[Result, None]
    #: What a ZAP handler is to judge, while it is.
    credentials: Union[tuple[bytes, ...], None]
    #: What the peer has said of itself by then.
    claims: dict[str, bytes]
    #: What takes long; its outcome goes to `resume`.
    aside: Union[Callable[[], Step], None]
    _judged: Union[Mapping[str, bytes], None]

    def __init__(
        self,
        socket_type: str,
        identity: bytes,
        mechanism: Mechanism,
        accepts: frozenset[str],
        old_peers: bool = True,
        properties: tuple[tuple[str, bytes], ...] = (),
    ) -> None:
        if len(identity) > MAX_IDENTITY:
            raise ValueError("a routing id has at most 255 octets")
        self.result = self.credentials = self.aside = self._judged = None
        self.claims = {}
        self._socket_type = socket_type
        self._accepts = accepts
        self._mechanism = mechanism
        self._metadata = _own_metadata(socket_type, identity, properties)
        self._greeting = _own_greeting(
            mechanism.name, len(identity), mechanism.as_server
        )
        self._identity = identity
        self._old_peers = old_peers and mechanism.name == b"NULL"
        self._major = greeting.MAJOR
        self._minor = greeting.MINOR
        self._started = False  # whether the mechanism has begun
        self._input = bytearray()
        self._output = b""
        # No bound method: that would be a reference cycle.
        self._stage: Callable[[Handshake], bool] = Handshake._read_signature

    def start(self) -> None:
        """The connection is established.  Either side may send first."""
        self._output += self._greeting[: greeting.SIGNATURE]

    def receive_data(self, data: bytes) -> Union[Result, None]:
        """Take in what arrived, and return `result`.

        May be called after the end: for a `Ready` it is added to the leftover.
        """
        if isinstance(self.result, Ready):
            leftover = self.result.leftover + data
            self.result = self.result._replace(leftover=leftover)
        elif self.result is None:
            self._input += data
            self._advance()
        return self.result

    def receive_eof(self) -> Union[Result, None]:
        """The peer has closed its side.  Returns `result`; not fatal, the peer may
        return."""
        if self.result is None:
            where = _WHERE.get(self._stage.__name__, "its greeting")
            self._fail(ProtocolError(f"peer closed before {where}", 0, fatal=False))
        return self.result

    def answer(self, frames: Sequence[bytes]) -> Union[Result, None]:
        """Take in the ZAP handler's reply, with its delimiter, and return `result`."""
        try:
            self.judge(zap.parse(frames))
        except ProtocolError as error:
            self._fail(error)
        return self.result

    def answer_alone(self) -> Union[Result, None]:
        """There is no ZAP handler.  Returns `result`."""
        self.credentials = None
        if self._mechanism.needs_handler:
            self._fail(ProtocolError("there is no ZAP handler", 0, fatal=False))
        else:
            self._go_on()
        return self.result

    def resume(self, outcome: Union[Step, ProtocolError]) -> Union[Result, None]:
        """Take in what `aside` returned or raised, and return `result`."""
        self.aside = None
        if self.result is not None:
            return self.result
        try:
            if isinstance(outcome, ProtocolError):
                raise outcome
            self._follow(outcome)
        except ProtocolError as error:
            self._fail(error)
        else:
            self._advance()
        return self.result

    def judge(self, verdict: zap.Verdict) -> Union[Result, None]:
        """Take in somebody else's verdict, and return `result`."""
        self.credentials = None
        if verdict.status == zap.OK:
            self._judged = verdict.properties
            self._go_on()
        else:
            self._refuse(verdict)
        return self.result

    def _refuse(self, verdict: zap.Verdict) -> None:
        tell = verdict.status != zap.LATER
        if tell:
            error = command.error(str(verdict.status))
            self._output += frame.encode(error, frame.COMMAND)
        reason = f"refused: {verdict.status} {verdict.text}"
        self.result = Failed(0, reason, False, verdict.status, tell)
        self._input.clear()

    def _go_on(self) -> None:
        try:
            self._follow(self._mechanism.accept())
        except ProtocolError as error:
            self._fail(error)
        else:
            self._advance()

    def data_to_send(self) -> bytes:
        """Return what is to be sent now and has not been returned yet."""
        data, self._output = self._output, b""
        return data

    def _advance(self) -> None:
        try:
            while self.result is None and self.aside is None and self._stage(self):
                pass
        except ProtocolError as error:
            self._fail(error)

    def _fail(self, error: ProtocolError) -> None:
        self.result = Failed(error.code, error.reason, error.fatal, error.status)
        self.credentials = None
        self._input.clear()

    # Stages: each returns whether it had enough input to go on to the next.

    def _read_signature(self) -> bool:
        signed = greeting.signed(self._input)
        if signed is None:
            return False
        if signed:
            self._output += self._greeting[greeting.SIGNATURE : greeting.HEAD]
            self._stage = Handshake._read_version
        else:
            self._follow_old(1)
            self._output += self._identity  # our signature was its header
            self._stage = Handshake._read_unasked_identity
        return True

    def _read_version(self) -> bool:
        old = greeting.older(self._input)
        if old is None:
            return False
        if old:
            self._follow_old(old)
            # RFC 15 has no XPUB and XSUB; libzmq sends these numbers, and looks at
            # nobody's.
            self._output += bytes((SocketType[self._socket_type],))
            self._stage = Handshake._read_type
        else:
            self._output += self._greeting[greeting.HEAD :]
            self._stage = Handshake._read_greeting
            if self._mechanism.eager and len(self._input) < greeting.SIZE:
                self._start()
        return True

    def _start(self) -> None:
        self._started = True
        self._follow(self._mechanism.start(self._metadata))

    @property
    def is_ahead(self) -> bool:
        """Whether we have sent more than a peer reads that refuses our greeting.

        If it closes with that unread, its system resets the connection.
        """
        return self._started and self._stage is Handshake._read_greeting

    def _follow_old(self, major: int) -> None:
        if not self._old_peers:
            begin = bytes(self._input[:16])
            raise ProtocolError(
                f"peer speaks ZMTP {major}.0, or none (it began {begin!r}); "
                "ZMTP 3.0 or later is needed",
                fatal=False,
            )
        self._major = major

    def _read_type(self) -> bool:
        if len(self._input) < older.GREETING:
            return False
        del self._input[: older.GREETING]
        self._output += older.encode_identity(self._major, self._identity)
        self._stage = Handshake._read_identity
        return True

    def _read_unasked_identity(self) -> bool:
        """Read the routing id of a peer that may be a SUB that does not subscribe."""
        read = self._read_identity()
        if isinstance(self.result, Ready) and self._socket_type in ("PUB", "XPUB"):
            leftover = older.SUBSCRIBE_ALL + self.result.leftover
            self.result = self.result._replace(leftover=leftover)
        return read

    def _read_identity(self) -> bool:
        found = older.parse_identity(self._major, self._input)
        if found is None:
            return False
        identity, stop = found
        leftover = bytes(self._input[stop:])
        self.result = Ready(0, {metadata.IDENTITY: identity}, leftover, self._major)
        return True

    def _read_greeting(self) -> bool:
        peer = greeting.parse(self._input)
        if peer is None:
            return False
        if peer.mechanism != self._mechanism.name:
            raise ProtocolError(
                f"peer wants mechanism {peer.mechanism!r}, "
                f"we want {self._mechanism.name!r}",
                Event.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH,
            )
        del self._input[: greeting.SIZE]
        self._minor = peer.spoken
        self._stage = Handshake._read_command
        if not self._started:
            self._start()
        return True

    def _read_command(self) -> bool:
        found = frame.parse_header(self._input, 0, MAX_COMMAND)
        if found is None:
            return False
        flags, start, stop = found
        if flags != frame.COMMAND:
            what = "command with MORE" if flags & frame.COMMAND else "message"
            raise ProtocolError(
                f"{what} before READY", Event.PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND
            )
        if stop > len(self._input):
            return False
        body = bytes(self._input[start:stop])
        del self._input[:stop]
        silent = not body and self._mechanism.name == b"GSSAPI"
        spoken = command.NOTHING if silent else command.parse(body)
        self._follow(self._mechanism.receive(spoken))
        return True

    def _follow(self, step: Step) -> None:
        ready = None if step.metadata is None else self._accept(step.metadata)
        self.aside = step.aside
        if step.credentials is not None:
            self.claims = metadata.parse(step.claims)
            self.credentials = step.credentials
        for body in step.replies:
            self._output += frame.encode(body, frame.COMMAND)
        self.result = ready

    def _accept(self, raw: bytes) -> Ready:
        """End with success, if the peer's metadata is good."""
        properties = metadata.parse(raw)
        peer_type, identity = metadata.kind(properties)
        # A peer that does not tell its type is let in, as in libzmq.
        if peer_type is not None and peer_type.decode("latin-1") not in self._accepts:
            raise _invalid(f"{self._socket_type} cannot talk to {peer_type!r}")
        if identity is not None and len(identity) > MAX_IDENTITY:
            raise _invalid(f"identity of {len(identity)} octets")
        rest = bytes(self._input)
        sealing = self._mechanism.sealing
        return Ready(
            self._minor, properties, rest, judged=self._judged, sealing=sealing
        )


_WHERE = {
    "_read_command": "READY",
    "_read_identity": "its routing id",
    "_read_unasked_identity": "its routing id",
}

# All connections of a socket send the same, so it is made only once.
_own_greeting = lru_cache(maxsize=64)(greeting.encode)


@lru_cache(maxsize=64)
def _own_metadata(
    socket_type: str, identity: bytes, properties: tuple[tuple[str, bytes], ...]
) -> bytes:
    own = [(metadata.SOCKET_TYPE, socket_type.encode("ascii"))]
    if socket_type in NAMED:
        own.append((metadata.IDENTITY, identity))
    return metadata.encode((*own, *properties))


def _invalid(reason: str) -> ProtocolError:
    return ProtocolError(reason, Event.PROTOCOL_ERROR_ZMTP_INVALID_METADATA)
