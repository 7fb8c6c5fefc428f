"""The examples of README and docs run, and do what stands beside them.

Those of authentication.md and security.md are run by tests/auth/test_page.py.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from authlib import Keys, needs_curve
from library import Library
from patience import Background

import pymq

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ("docs/authentication.md", "docs/security.md")
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)

pytestmark = [
    pytest.mark.only("pymq"),
    pytest.mark.skipif(
        not (ROOT / "docs" / "beyond.md").exists(), reason="no documentation here"
    ),
]


def _run(page: str, begins: str, endpoint: str = "", **names: Any) -> dict[str, Any]:
    """Run the only example that has this text; all its endpoints are `endpoint`."""
    examples = BLOCK.findall((ROOT / page).read_text("utf-8"))
    (code,) = (code for code in examples if begins in code)
    code = re.sub(r"tcp://[^\"]*:\d+", endpoint, code)
    exec(compile(code, page, "exec"), names)
    return names


def test_readme(
    capsys: pytest.CaptureFixture[str], zmq: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYMQ_BACKEND", zmq.tag)
    made = _run("README.md", "context = zmq.Context()")
    assert made["context"].closed and made["context"].backend == zmq.tag
    assert capsys.readouterr().out == "[b'name', b'content']\n"


def test_waiting_for_subscribers(zmq: Library) -> None:
    endpoint = zmq.reserved("tcp")
    subscribers = [zmq.socket(zmq.SUB, subscribe=b"") for _ in range(3)]
    for one in subscribers:
        one.connect(endpoint)
    _run("docs/beyond.md", "wait_for_sub", endpoint, publisher=zmq.socket(zmq.PUB))
    assert [one.recv() for one in subscribers] == [b"the first message"] * 3


def test_a_request(zmq: Library) -> None:
    rep, req = zmq.socket(zmq.REP), zmq.socket(zmq.REQ)
    req.connect(zmq.bind(rep, "tcp"))
    serving = Background(lambda: (rep.recv(), rep.send(b"late")))
    assert _run("docs/beyond.md", "req.request", req=req)["reply"] == b"late"
    serving.result()


def test_peers(zmq: Library, capsys: pytest.CaptureFixture[str]) -> None:
    router, dealer = zmq.socket(zmq.ROUTER), zmq.socket(zmq.DEALER, routing_id=b"me")
    dealer.connect(zmq.bind(router, "tcp"))
    dealer.send(b"hello")
    router.recv_multipart()
    _run("docs/beyond.md", "router.peers", router=router)
    assert capsys.readouterr().out == "127.0.0.1 b'me' 1 0 0\n"


@needs_curve
def test_who_may_come_in(zmq: Library) -> None:
    own, alice, bob, eve = (Keys(zmq) for _ in range(4))
    endpoint = zmq.reserved("tcp")
    names = {
        "server": own.server(zmq, zmq.PULL),
        "client": bob.client(zmq, zmq.PUSH, own.public),
        "alice": alice.public,
        "bob": bob.public,
    }
    _run("docs/beyond.md", "auth=lambda", endpoint, **names)
    with pytest.raises(pymq.AuthenticationError):
        eve.client(zmq, zmq.PUSH, own.public).connect(endpoint, timeout=20000)


def test_asyncio(
    zmq: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import pymq.asyncio as module

    context = module.Context.shadow(zmq.main)
    monkeypatch.setattr(module.Context, "instance", lambda: context)
    endpoint = zmq.reserved("tcp")
    push = zmq.socket(zmq.PUSH, immediate=1)
    push.connect(endpoint)
    running = Background(lambda: _run("docs/asyncio.md", "import asyncio", endpoint))
    shown = ""
    for message in ([b"1"], [b"2", b"3"]):
        push.send_multipart(message)
    while shown.count("\n") < 2:
        assert running.running
        shown += capsys.readouterr().out
        running.give(0.01)
    assert shown == "b'1'\n[b'2', b'3']\n"
    context.destroy(linger=0)  # ends the `async for`
    running.result()


def test_anyio(zmq: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trio")
    module = pytest.importorskip("pymq.anyio")
    context = module.Context(backend=zmq.tag)
    monkeypatch.setattr(module, "Context", lambda: context)
    endpoint = zmq.reserved("tcp")
    req = zmq.socket(zmq.REQ)
    req.connect(endpoint)
    req.send(b"hello")
    running = Background(lambda: _run("docs/asyncio.md", "import anyio", endpoint))
    assert req.recv() == b"hello"
    context.destroy(linger=0)
    with pytest.raises(pymq.ZMQError):
        running.result()


def test_none_is_left_out() -> None:
    """One more example, one more test here."""
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    found = {
        str(page.relative_to(ROOT)): len(BLOCK.findall(page.read_text("utf-8")))
        for page in pages
    }
    shown = {page: count for page, count in found.items() if count}
    for page in BESIDE:
        shown.pop(page, None)
    # Of README's two the first is the beginning of the second.
    assert shown == {"README.md": 2, "docs/beyond.md": 4, "docs/asyncio.md": 2}


def test_a_test(zmq: Library) -> None:
    """The one that tests/README.md shows."""
    page = "tests/README.md"
    _run(page, "def test_")["test_a_message_arrives"](zmq, "tcp")
