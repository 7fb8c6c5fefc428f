"""Without PyNaCl there is no CURVE, and whoever asks is told what to install."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from library import Library

from pymq import auth
from pymq.zmtp import sodium


@pytest.mark.core
@pytest.mark.only("pymq")
def test_it_is_named(
    zmq: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(sodium, "_nacl", None)
    monkeypatch.setattr(sodium, "load", missing)
    assert not zmq.has("curve")
    sock = zmq.socket(zmq.DEALER)
    for name, value in (
        ("CURVE_SERVER", 1),
        ("CURVE_SECRETKEY", bytes(32)),
        ("CURVE_PUBLICKEY", bytes(32)),
        ("CURVE_SERVERKEY", bytes(32)),
    ):
        with zmq.refused(errno.EINVAL) as caught:
            sock.set(getattr(zmq, name), value)
        assert "pip install pymq[curve]" in str(caught.value)
    assert sock.mechanism == 0
    with zmq.refused(zmq.ENOTSUP):
        zmq.curve_keypair()
    with zmq.refused(zmq.ENOTSUP):
        zmq.curve_public(b"0" * 40)
    with zmq.refused(zmq.ENOTSUP) as caught:
        auth.create_certificates(tmp_path, "joe")
    assert "pip install pymq[curve]" in str(caught.value)
    assert not list(tmp_path.iterdir())
    assert auth.key(bytes(32)) == b"0" * 40
