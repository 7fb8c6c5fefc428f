"""Without its package there is no GSSAPI, and whoever asks is told what to install."""

from __future__ import annotations

import errno

import pytest
from library import Library

from pymq.zmtp import gss


@pytest.mark.core
@pytest.mark.only("pymq")
def test_it_is_named(zmq: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(gss, "_gssapi", None)
    monkeypatch.setattr(gss, "load", missing)
    assert not zmq.has("gssapi")
    sock = zmq.socket(zmq.DEALER)
    for name, value in (
        ("GSSAPI_SERVER", 1),
        ("GSSAPI_PRINCIPAL", b"me"),
        ("GSSAPI_SERVICE_PRINCIPAL", b"you"),
        ("GSSAPI_PLAINTEXT", 1),
        ("GSSAPI_PRINCIPAL_NAMETYPE", 1),
        ("GSSAPI_SERVICE_PRINCIPAL_NAMETYPE", 1),
    ):
        with zmq.refused(errno.EINVAL) as caught:
            sock.set(getattr(zmq, name), value)
        assert "pip install pymq[gssapi]" in str(caught.value)
    assert sock.mechanism == 0
