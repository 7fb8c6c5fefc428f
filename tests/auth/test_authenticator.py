"""What an authenticator says of a request, from addresses, passwords and keys."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, Optional

import authlib
import pytest
from library import Library

KEY, OTHER = bytes(range(32)), bytes(32)
TEXT = b"009c61o!#m2NH?C3>iWS5d]J*6CRx17-skh9337x"
HOME, AWAY = b"1.2.3.4", b"5.6.7.8"


class Asked:
    """An authenticator that has no socket, and what it says."""

    def __init__(self, zmq: Library, kind: Any = None) -> None:
        self.auth = (kind or authlib.part(zmq, "auth").Authenticator)(zmq.main)
        self.auth.zap_socket = self
        self.replies: list[list[bytes]] = []

    def send_multipart(self, reply: list[bytes]) -> None:
        """What it does with its socket."""
        self.replies.append(reply)

    def frames(self, *frames: bytes) -> Optional[list[bytes]]:
        """Its reply to a request, without the version."""
        assert asyncio.run(self.auth.handle_zap_message(list(frames))) is None
        if not self.replies:
            return None
        (reply,) = self.replies
        self.replies.clear()
        assert (len(reply), reply[0]) == (6, b"1.0")
        return reply[1:]

    def about(
        self,
        mechanism: bytes,
        *credentials: bytes,
        domain: bytes = b"",
        address: bytes = HOME,
    ) -> tuple[bytes, ...]:
        """Status, text and user of its reply to a good request."""
        head = (b"1.0", b"7", domain, address, b"id", mechanism)
        reply = self.frames(*head, *credentials)
        assert reply is not None
        number, status, text, user, metadata = reply
        assert (number, metadata) == (b"7", b"")
        return status, text, user


def no(text: bytes) -> tuple[bytes, ...]:
    """A refusal."""
    return (b"400", text, b"")


def yes(user: bytes) -> tuple[bytes, ...]:
    """Come in."""
    return (b"200", b"OK", user)


@pytest.mark.core
def test_without_a_configuration(zmq: Library) -> None:
    asked = Asked(zmq)
    assert asked.about(b"NULL") == yes(b"anonymous")
    assert asked.about(b"NULL", b"more") == yes(b"anonymous")
    assert asked.about(b"PLAIN", b"joe", b"pw") == no(b"No passwords defined")
    assert asked.about(b"CURVE", KEY) == no(b"Unknown domain")
    assert asked.about(b"GSSAPI", b"joe@X") == yes(b"joe@X")
    assert asked.about(b"NONE") == no(b"NO ACCESS")


def test_bad_requests(zmq: Library) -> None:
    asked = Asked(zmq)
    assert asked.frames() is None
    assert asked.frames(b"1.0") is None
    few = [b"7", b"400", b"Not enough frames", b"", b""]
    assert asked.frames(b"1.0", b"7", b"", HOME, b"id") == few
    old = [b"7", b"400", b"Invalid version", b"", b""]
    assert asked.frames(b"2.0", b"7", b"", HOME, b"id", b"NULL") == old
    wrong = no(b"Invalid credentials")
    for credentials in ((b"PLAIN", b"x"), (b"PLAIN", b"x", b"y", b"z"), (b"CURVE",)):
        assert asked.about(*credentials) == wrong
    assert asked.about(b"CURVE", KEY, b"x") == asked.about(b"GSSAPI") == wrong


@pytest.mark.core
def test_addresses(zmq: Library) -> None:
    asked = Asked(zmq)
    asked.auth.allow(HOME.decode(), "::1")
    asked.auth.allow("9.9.9.9")
    assert asked.about(b"NULL") == yes(b"anonymous")
    assert asked.about(b"NULL", address=b"9.9.9.9") == yes(b"anonymous")
    assert asked.about(b"NULL", address=AWAY) == no(b"Address not allowed")
    assert asked.about(b"PLAIN", b"joe", b"pw") == no(b"No passwords defined")
    with pytest.raises(ValueError):
        asked.auth.deny(AWAY.decode())
    asked = Asked(zmq)
    asked.auth.deny(HOME.decode())
    assert asked.about(b"NULL") == no(b"Address denied")
    assert asked.about(b"NULL", address=AWAY) == yes(b"anonymous")
    with pytest.raises(ValueError):
        asked.auth.allow(AWAY.decode())


@pytest.mark.core
def test_passwords(zmq: Library) -> None:
    asked = Asked(zmq)
    asked.auth.configure_plain(passwords={"joe": "pw", "zoë": "naïve"})
    asked.auth.configure_plain("dom", {"ann": "wp"})
    asked.auth.configure_plain("dom", None)
    joe, ann = (b"PLAIN", b"joe", b"pw"), (b"PLAIN", b"ann", b"wp")
    assert asked.about(*joe) == yes(b"joe")
    assert asked.about(b"PLAIN", "zoë".encode(), "naïve".encode()) == yes(
        "zoë".encode()
    )
    assert asked.about(*ann, domain=b"dom") == yes(b"ann")
    assert asked.about(*joe, domain=b"dom") == no(b"Invalid username")
    assert asked.about(*joe, domain=b"other") == no(b"Invalid domain")
    assert asked.about(b"PLAIN", b"joe", b"wp") == no(b"Invalid password")
    assert asked.about(b"PLAIN", b"joe", b"\xff") == no(b"Invalid password")
    assert asked.about(b"NULL") == yes(b"anonymous")


class Book:
    """Knows who may come in."""

    def __init__(self, answer: Any) -> None:
        self.asked: list[Any] = []
        self.answer = answer

    def callback(self, domain: str, key: bytes) -> Any:
        """What an authenticator calls."""
        self.asked.append((domain, key))
        return self.answer


class SlowBook(Book):
    """Has to think."""

    async def callback(self, domain: str, key: bytes) -> Any:
        """As of `Book`, later."""
        await asyncio.sleep(0)
        return super().callback(domain, key)


@pytest.mark.core
@pytest.mark.parametrize("kind", [Book, SlowBook])
def test_callbacks(zmq: Library, kind: type[Book]) -> None:
    asked, good, bad = Asked(zmq), kind("yes"), kind(False)
    asked.auth.configure_curve_callback("*", good)
    asked.auth.configure_curve_callback("dom", bad)
    asked.auth.configure_curve_callback("none", None)
    assert asked.about(b"CURVE", KEY) == yes(TEXT)
    assert asked.about(b"CURVE", KEY, domain=b"dom") == no(b"Unknown key")
    assert asked.about(b"CURVE", KEY, domain=b"none") == no(b"Unknown domain")
    assert (good.asked, bad.asked) == ([("*", TEXT)], [("dom", TEXT)])


@pytest.mark.core
def test_anybody_with_a_key(zmq: Library) -> None:
    asked = Asked(zmq)
    anybody = authlib.part(zmq, "auth").CURVE_ALLOW_ANY
    assert anybody == "*"
    asked.auth.configure_curve("dom", anybody)
    assert asked.about(b"CURVE", KEY) == yes(TEXT)
    assert asked.about(b"CURVE", OTHER, domain=b"x") == yes(b"0" * 40)
    asked.auth.configure_curve_callback("*", Book(False))
    assert asked.about(b"CURVE", KEY) == no(b"Unknown key")


def test_certificates(zmq: Library, tmp_path: Path) -> None:
    asked = Asked(zmq)
    (tmp_path / "joe.key").write_text(f'curve\n    public-key = "{TEXT.decode()}"\n')
    asked.auth.configure_curve("*", tmp_path)
    asked.auth.configure_curve("dom", str(tmp_path / "none"))  # logged
    assert asked.about(b"CURVE", KEY) == yes(TEXT)
    assert asked.about(b"CURVE", OTHER) == no(b"Unknown key")
    assert asked.about(b"CURVE", KEY, domain=b"dom") == no(b"Unknown domain")
    (tmp_path / "joe.key").unlink()
    assert asked.about(b"CURVE", KEY) == yes(TEXT)
    asked.auth.configure_curve("*", tmp_path)
    assert asked.about(b"CURVE", KEY) == no(b"Unknown key")


def test_whose_key_it_is(zmq: Library) -> None:
    base = authlib.part(zmq, "auth").Authenticator

    class Named(base):  # type: ignore[misc,valid-type]
        def curve_user_id(self, client_public_key: bytes) -> str:
            return f"{client_public_key[1]}"

    asked = Asked(zmq, Named)
    asked.auth.configure_curve("*", "*")
    assert asked.about(b"CURVE", KEY) == yes(b"1")


def test_the_socket(zmq: Library) -> None:
    auth = authlib.part(zmq, "auth").Authenticator(zmq.main)
    assert auth.context is zmq.main
    assert auth.start() is None
    assert (auth.zap_socket.type, auth.zap_socket.linger) == (zmq.REP, 1)
    with zmq.refused(zmq.EADDRINUSE):
        authlib.part(zmq, "auth").Authenticator(zmq.main).start()
    assert auth.stop() is auth.stop() is auth.zap_socket is None
    if zmq.tag != "pyzmq":  # where the name is taken for a moment longer
        auth.start()
        auth.stop()


def test_what_there_is(zmq: Library) -> None:
    """Names, and the order of arguments."""
    for name, known in {
        "auth": "Authenticator CURVE_ALLOW_ANY create_certificates load_certificate "
        "load_certificates",
        "auth.base": "Authenticator CURVE_ALLOW_ANY",
        "auth.certs": "create_certificates load_certificate load_certificates",
        "auth.thread": "ThreadAuthenticator AuthenticationThread",
        "auth.asyncio": "AsyncioAuthenticator",
    }.items():
        module = authlib.part(zmq, name)
        assert set(known.split()) <= set(vars(module))
    log = logging.getLogger("test")
    for name, arguments in (
        ("auth.base:Authenticator", (zmq.main, "latin-1", log)),
        ("auth.thread:ThreadAuthenticator", (zmq.main, "latin-1", log)),
        ("auth.asyncio:AsyncioAuthenticator", (zmq.main, None, "latin-1", log)),
    ):
        module_name, kind = name.split(":")
        made = getattr(authlib.part(zmq, module_name), kind)(*arguments)
        assert (made.context, made.encoding, made.log) == (zmq.main, "latin-1", log)
        assert getattr(authlib.part(zmq, module_name), kind)(zmq.main).log.name == (
            "zmq.auth"
        )


def test_encodings(zmq: Library) -> None:
    asked = Asked(zmq)
    asked.auth.encoding = "latin-1"
    asked.auth.configure_plain(passwords={"zoë": "naïve"})
    words = "zoë".encode("latin-1"), "naïve".encode("latin-1")
    assert asked.about(b"PLAIN", *words) == yes(words[0])


@pytest.mark.only("pymq")
def test_no_password_is_logged(zmq: Library, caplog: pytest.LogCaptureFixture) -> None:
    """pyzmq logs it."""
    caplog.set_level(logging.DEBUG, "zmq.auth")
    asked = Asked(zmq)
    asked.auth.configure_plain(passwords={"joe": "hush-hush"})
    for user, word in ((b"joe", b"hush-hush"), (b"joe", b"tell"), (b"ann", b"tell")):
        asked.about(b"PLAIN", user, word)
    asked.frames(b"1.0", b"7", b"", HOME, b"id", b"PLAIN", b"tell")
    asked.frames(b"2.0", b"7", b"", HOME, b"id", b"PLAIN", b"joe", b"tell")
    assert "ALLOWED (PLAIN)" in caplog.text
    assert "hush" not in caplog.text
    assert "tell" not in caplog.text


@pytest.mark.only("pymq")
def test_a_callback_that_fails(zmq: Library, caplog: pytest.LogCaptureFixture) -> None:
    """pyzmq's handler answers nobody any more."""
    asked, none = Asked(zmq), Book(True)
    none.callback = None  # type: ignore[assignment,method-assign]
    asked.auth.configure_curve_callback("*", none)
    assert asked.about(b"CURVE", KEY) == (b"500", b"Internal error", b"")
    assert "TypeError" in caplog.text


@pytest.mark.only("pymq")
def test_a_key_of_another_size(zmq: Library) -> None:
    """pyzmq's handler answers nobody any more."""
    asked = Asked(zmq)
    asked.auth.configure_curve("*", "*")
    assert asked.about(b"CURVE", b"short") == no(b"Invalid credentials")
