"""docs/authentication.md: its examples do what it says; so do those of security.md."""

from __future__ import annotations

import gc
import os
import re
import warnings
from pathlib import Path
from typing import Any

import pytest
from authlib import needs_curve, part
from library import Library

import pymq

DOCS = Path(__file__).resolve().parents[2] / "docs"


def _examples(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


PAGE = DOCS / "authentication.md"
EXAMPLES = _examples(PAGE)
DEPLOYMENTS = dict(
    zip(("NULL", "PLAIN", "CURVE", "GSSAPI"), _examples(DOCS / "security.md"))
)


@needs_curve
@pytest.mark.only("pymq")
@pytest.mark.skipif(not EXAMPLES, reason="the documentation is not here")
@pytest.mark.parametrize("number", range(max(1, len(EXAMPLES))))
def test_an_example(
    zmq: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYMQ_BACKEND", zmq.tag)
    monkeypatch.setitem(os.environ, "SERVER_KEY", "")  # to be as it was, afterwards
    monkeypatch.setattr(zmq.Context, "instance", lambda: zmq.main)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # nothing is closed
        exec(compile(EXAMPLES[number], str(PAGE), "exec"), {})
        gc.collect()


def _deployed(zmq: Library, mechanism: str, **names: Any) -> dict[str, Any]:
    """What an example makes, at endpoints that there are here."""
    code = DEPLOYMENTS[mechanism].replace("ipc:///run/app/", f"ipc://{zmq.folder}/")
    for bound, connected in (("*:5555", "server:5555"), ("10.1.2.3:5555", "")):
        endpoint = zmq.reserved("tcp")
        code = code.replace(f"tcp://{bound}", endpoint)
        code = code.replace(f"tcp://{connected}", endpoint) if connected else code
    made = {"zmq": pymq, "os": os, "context": zmq.main, **names}
    exec(compile(code, str(DOCS / "security.md"), "exec"), made)
    return made


@needs_curve
@pytest.mark.only("pymq")
@pytest.mark.skipif(not DEPLOYMENTS, reason="the documentation is not here")
@pytest.mark.parametrize("mechanism", ["PLAIN", "CURVE"])
def test_a_deployment(
    zmq: Library, mechanism: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_PASSWORD", "pw")
    auth = part(zmq, "auth.thread").ThreadAuthenticator(zmq.main)
    auth.start()
    auth.configure_plain("app", {"joe": "pw"})
    auth.configure_curve("app", "*")
    public, secret = zmq.curve_keypair()
    made = _deployed(zmq, mechanism, own_public=public, own_secret=secret)
    with made["server"] as server, made["client"] as client:
        client.send(b"hello")
        frame = server.recv(copy=False)
        assert frame["User-Id"] == {"PLAIN": "joe", "CURVE": public.decode()}[mechanism]
    auth.stop()


@pytest.mark.only("pymq")
@pytest.mark.skipif(not DEPLOYMENTS, reason="the documentation is not here")
def test_a_deployment_without_security(
    zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is not of the network that it names is not let in."""
    context = zmq.main
    monkeypatch.setattr(pymq, "Context", lambda: context)
    with _deployed(zmq, "NULL")["sock"] as sock:
        assert sock.maxmsgsize == 1 << 20
        stranger, friend = zmq.socket(zmq.PUSH), zmq.socket(zmq.PUSH)
        with zmq.refused(zmq.EAGAIN):
            stranger.connect(zmq.last_endpoint(sock), timeout=100)
        friend.connect(f"ipc://{zmq.folder}/in")
        friend.send(b"hello")
        assert sock.recv() == b"hello"
