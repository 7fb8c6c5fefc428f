"""A ZAP handler (RFC 27): decides who may connect.  Others feed it with requests."""

from __future__ import annotations

import hmac
import logging
from inspect import isawaitable
from typing import Any, NamedTuple, Sequence, Union

from .. import z85
from ..constants import REP
from ..context import Context
from ..socket import Socket
from ..zmtp import zap
from .certs import Name, load_certificates

CURVE_ALLOW_ANY = "*"

_VERSION = b"1.0"
_FIXED = 6  # frames of a request, before the credentials
_KEY = 32  # octets
_ANONYMOUS = "anonymous"

_CREDENTIALS = {b"NULL": None, b"PLAIN": 2, b"CURVE": 1, b"GSSAPI": 1}  # frames


class _Verdict(NamedTuple):
    allowed: bool
    reason: bytes  # why not
    user_id: str = _ANONYMOUS


class Authenticator:
    """Decides who may connect to the sockets of a context.

    It judges by address, password (PLAIN), public key (CURVE), or by what a callback
    says.  Use `ThreadAuthenticator` or `AsyncioAuthenticator`, which receive the
    requests and hand them to this class.

    `context` is a `Context`, None for the shared one.  User names and passwords are
    text in `encoding`.  `log` is a logger, ``zmq.auth`` by default; passwords are never
    logged (pyzmq logs them).

    Passwords, certificates and callbacks belong to a *domain*: the ZAP_DOMAIN of the
    socket that was bound.  ``"*"`` is the domain of a request with an empty one, and
    does not match others, as in pyzmq.
    """

    context: Any
    encoding: str
    allow_any: bool
    credentials_providers: dict[str, Any]
    passwords: dict[str, dict[str, str]]
    certs: dict[str, dict[bytes, bool]]
    zap_socket: Any
    log: Any

    def __init__(
        self, context: Any = None, encoding: str = "utf-8", log: Any = None
    ) -> None:
        self.context = context or Context.instance()
        self.encoding = encoding
        self.allow_any = False
        self.credentials_providers = {}
        self.zap_socket = None
        self._allowed: set[str] = set()
        self._denied: set[str] = set()
        self.passwords = {}
        self.certs = {}
        self.log = log or logging.getLogger("zmq.auth")

    def start(self) -> None:
        """Bind `zap_socket`.  ZMQError(EADDRINUSE) if the context has a handler."""
        # A socket that blocks, whatever the context makes by itself.
        sock = self.context.socket(REP, socket_class=Socket)
        try:
            sock.linger = 1
            sock.bind(f"inproc://{zap.ENDPOINT}")
        except BaseException:
            sock.close()
            raise
        self.zap_socket = sock
        self.log.debug("Starting")

    def stop(self) -> None:
        """Close `zap_socket`.  May be called again."""
        if self.zap_socket is not None:
            self.zap_socket.close()
        self.zap_socket = None

    # Who may come in.

    def allow(self, *addresses: str) -> None:
        """Refuse all addresses except these and those of earlier calls.

        With NULL a peer from such an address is let in; with other mechanisms it still
        has to authenticate.  ValueError after `deny`.
        """
        if self._denied:
            raise ValueError("either allow or deny, not both")
        self.log.debug("Allowing %s", ",".join(addresses))
        self._allowed.update(addresses)

    def deny(self, *addresses: str) -> None:
        """Refuse these addresses.  ValueError after `allow`."""
        if self._allowed:
            raise ValueError("either allow or deny, not both")
        self.log.debug("Denying %s", ",".join(addresses))
        self._denied.update(addresses)

    def configure_plain(
        self, domain: str = "*", passwords: Union[dict[str, str], None] = None
    ) -> None:
        """Set the passwords of a domain: a dict of user name to password."""
        if passwords:
            self.passwords[domain] = passwords
        self.log.debug("Configure plain: %s", domain)

    def configure_curve(self, domain: str = "*", location: Name = ".") -> None:
        """Let in the clients whose certificates are in a folder.

        `location` is the folder; its files are read now, not later.  If they cannot be
        read this is logged, and the domain keeps the certificates that it had.  If
        `location` is CURVE_ALLOW_ANY every client is let in, in every domain.
        """
        self.log.debug("Configure curve: %s[%s]", domain, location)
        self.allow_any = location == CURVE_ALLOW_ANY
        if self.allow_any:
            return
        try:
            self.certs[domain] = load_certificates(location)
        except (OSError, ValueError) as error:
            self.log.error("Failed to load CURVE certs from %s: %s", location, error)

    def configure_curve_callback(
        self, domain: str = "*", credentials_provider: Any = None
    ) -> None:
        """Let a callback say which clients may connect.

        It is called as ``credentials_provider.callback(domain, key)``.  `key` is the
        client's public key, 40 bytes of Z85.  The callback returns a bool, or an
        awaitable of one.  Once any domain has a callback, certificates are not looked
        at any more.
        """
        self.allow_any = False
        if credentials_provider is None:
            self.log.error("None credentials_provider provided for domain:%s", domain)
        else:
            self.credentials_providers[domain] = credentials_provider

    def configure_gssapi(
        self, domain: str = "*", location: Union[str, None] = None
    ) -> None:
        """Does nothing, as in pyzmq: every client with a valid ticket is let in."""

    def curve_user_id(self, client_public_key: bytes) -> str:
        """Return the User-Id for a client's public key (32 bytes): the key in Z85.

        Subclasses may return something else.
        """
        return z85.encode(client_public_key).decode("ascii")

    # Requests.

    async def handle_zap_message(self, msg: list[bytes]) -> None:
        """Answer a request, given as the frames that `zap_socket` received."""
        if len(msg) < _FIXED:
            self.log.error("Invalid ZAP message, not enough frames: %r", msg)
            if len(msg) > 1:
                self._send_zap_reply(msg[1], b"400", b"Not enough frames")
            else:
                self.log.error("Not enough information to reply")
            return
        version, number = msg[:2]
        if version != _VERSION:
            # Not all of it: there may be a password.
            self.log.error("Invalid ZAP version: %r", msg[:_FIXED])
            self._send_zap_reply(number, b"400", b"Invalid version")
            return
        try:
            verdict = await self._judge(msg[2:])
        except Exception:
            # pyzmq's handler answers nobody any more.
            self.log.exception("Cannot tell whether a peer may come in")
            self._send_zap_reply(number, b"500", b"Internal error")
            return
        if verdict.allowed:
            self._send_zap_reply(number, b"200", b"OK", verdict.user_id)
        else:
            self._send_zap_reply(number, b"400", verdict.reason)

    async def _judge(self, frames: Sequence[bytes]) -> _Verdict:
        """Judge the frames behind the version and the number of the request.

        They are domain, address, routing id (of our own socket), mechanism, and
        credentials.
        """
        domain, address = (self._text(frame) for frame in frames[:2])
        mechanism, credentials = frames[3], list(frames[4:])
        self.log.debug(
            "domain: %r, address: %r, identity: %r, mechanism: %r",
            *(domain, address, frames[2], mechanism),
        )
        refused = self._refuse_address(address)
        if refused:
            return _Verdict(False, refused)
        count = _CREDENTIALS.get(mechanism)
        if count is not None and len(credentials) != count:
            self.log.error("Invalid %s credentials", self._text(mechanism))
            return _Verdict(False, b"Invalid credentials")
        return await self._judge_credentials(domain, mechanism, credentials)

    def _refuse_address(self, address: str) -> bytes:
        """Return the reason to refuse an address, or b""."""
        if self._allowed and address not in self._allowed:
            self.log.debug("DENIED (not allowed) address=%s", address)
            return b"Address not allowed"
        if address in self._denied:
            self.log.debug("DENIED (denied) address=%s", address)
            return b"Address denied"
        return b""

    async def _judge_credentials(
        self, domain: str, mechanism: bytes, credentials: list[bytes]
    ) -> _Verdict:
        if mechanism == b"NULL":
            self.log.debug("ALLOWED (NULL)")
            return _Verdict(True, b"")
        if mechanism == b"PLAIN":
            user, password = (self._text(frame) for frame in credentials)
            return _Verdict(*self._authenticate_plain(domain, user, password), user)
        if mechanism == b"CURVE":
            (key,) = credentials
            allowed, reason = await self._authenticate_curve(domain, key)
            user = self.curve_user_id(key) if allowed else ""
            return _Verdict(allowed, reason, user)
        if mechanism == b"GSSAPI":
            (principal,) = credentials
            found = self._authenticate_gssapi(domain, principal)
            return _Verdict(*found, self._text(principal))
        return _Verdict(False, b"NO ACCESS")

    def _text(self, frame: bytes) -> str:
        return frame.decode(self.encoding, "replace")

    def _authenticate_plain(
        self, domain: str, username: str, password: str
    ) -> tuple[bool, bytes]:
        known = self.passwords.get(domain or "*")
        if not self.passwords:
            reason = b"No passwords defined"
        elif known is None:
            reason = b"Invalid domain"
        elif username not in known:
            reason = b"Invalid username"
        elif not hmac.compare_digest(known[username].encode(), password.encode()):
            reason = b"Invalid password"
        else:
            self.log.debug("ALLOWED (PLAIN) domain=%r username=%r", domain, username)
            return True, b""
        self.log.debug("DENIED (PLAIN) %s", reason.decode())
        return False, reason

    async def _authenticate_curve(
        self, domain: str, client_key: bytes
    ) -> tuple[bool, bytes]:
        """Ask the callbacks, if there are any, else the certificates."""
        domain = domain or "*"
        if len(client_key) != _KEY:
            return False, b"Invalid credentials"
        if self.allow_any:
            self.log.debug("ALLOWED (CURVE allow any client)")
            return True, b"OK"
        key = z85.encode(client_key)
        if self.credentials_providers:
            if domain not in self.credentials_providers:
                return False, b"Unknown domain"
            answer = self.credentials_providers[domain].callback(domain, key)
            allowed = bool(await answer if isawaitable(answer) else answer)
        elif domain not in self.certs:
            return False, b"Unknown domain"
        else:
            allowed = key in self.certs[domain]
        outcome = "ALLOWED" if allowed else "DENIED"
        self.log.debug("%s (CURVE) domain=%r client_key=%r", outcome, domain, key)
        return allowed, b"OK" if allowed else b"Unknown key"

    def _authenticate_gssapi(self, domain: str, principal: bytes) -> tuple[bool, bytes]:
        """Let everyone in who has a ticket."""
        self.log.debug("ALLOWED (GSSAPI) domain=%r principal=%r", domain, principal)
        return True, b"OK"

    def _send_zap_reply(
        self,
        request_id: bytes,
        status_code: bytes,
        status_text: bytes,
        user_id: str = _ANONYMOUS,
    ) -> None:
        user = user_id if status_code == b"200" else ""
        self.log.debug("ZAP reply code=%r text=%r", status_code, status_text)
        reply = [_VERSION, request_id, status_code, status_text]
        reply += [user.encode(self.encoding, "replace"), b""]
        if self.zap_socket is not None:  # else it was stopped meanwhile
            self.zap_socket.send_multipart(reply)


__all__ = ["CURVE_ALLOW_ANY", "Authenticator"]
