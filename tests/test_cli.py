"""The command line, run as a shell runs it, against sockets of this process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commandline import Command, environment, run
from library import Library

from pymq.cli import exits
from pymq.cli.kind import KINDS

pytest.importorskip("typer")

# Not text in any encoding, with every separator in it, longer than one read.
BINARY = bytes(range(256)) * 1000

ours = pytest.mark.only("pymq")
INPUTS = {"line": b"one\n\ntwo\xff\nlast", "nul": b"one\0\0t\nwo\xff\0last"}


def piped(zmq: Library, send: list[str], receive: list[str], data: bytes) -> bytes:
    """What comes out of one command when `data` goes into another."""
    with Command(zmq, *receive) as receiver:
        endpoint = receiver.bound()
        sender = run(zmq, *send, endpoint, stdin=data)
        assert sender == (exits.OK, b"", "")
        code, out, _ = receiver.outcome()
    assert code == exits.OK
    return out


# -- moving bytes ------------------------------------------------------------------


@ours
@pytest.mark.core
def test_a_pipeline_is_binary_safe(zmq: Library) -> None:
    out = piped(
        zmq,
        ["push", "--delimiter", "none"],
        ["pull", "tcp://127.0.0.1:*", "--delimiter", "none", "--count", "1"],
        BINARY,
    )
    assert out == BINARY


@ours
@pytest.mark.parametrize("delimiter", INPUTS)
def test_separated_messages_pass(zmq: Library, delimiter: str) -> None:
    data = INPUTS[delimiter]
    separator = b"\n" if delimiter == "line" else b"\0"
    out = piped(
        zmq,
        ["push", "--delimiter", delimiter],
        ["pull", "tcp://127.0.0.1:*", "--delimiter", delimiter, "--count", "4"],
        data,
    )
    assert out == data + separator


@ours
@pytest.mark.core
def test_frames_keep_multipart_messages(zmq: Library) -> None:
    messages = [[b"a", b"", b"\n"], [b""], [b"x" * 255, b"y" * 256], [BINARY]]
    push, pull = zmq.socket(zmq.PUSH), zmq.socket(zmq.PULL)
    options = ("--delimiter", "frames", "--count", "4")
    with Command(zmq, "pull", "tcp://127.0.0.1:*", *options) as receiver:
        push.connect(receiver.bound())
        for message in messages:
            push.send_multipart(message)
        code, stored, _ = receiver.outcome()
    assert code == exits.OK
    assert stored.startswith(b"\1\1a\1\0\0\1\n\0\0\1\xffxx")  # as on the wire
    endpoint = zmq.bind(pull, "ipc")
    assert run(zmq, "push", endpoint, *options, stdin=stored)[0] == exits.OK
    assert [pull.recv_multipart() for _ in messages] == messages


@ours
def test_a_file_is_sent(zmq: Library, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(BINARY)
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, "tcp")
    assert run(zmq, "push", endpoint, "--file", str(path), "-D", "none")[0] == 0
    assert pull.recv() == BINARY


@ours
def test_count_limits_what_is_sent(zmq: Library) -> None:
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, "tcp")
    assert run(zmq, "push", endpoint, "-n", "2", stdin=b"1\n2\n3\n")[0] == exits.OK
    assert [pull.recv(), pull.recv()] == [b"1", b"2"]
    assert run(zmq, "push", endpoint, "-d", "end")[0] == exits.OK
    assert pull.recv() == b"end"


@ours
@pytest.mark.core
def test_output_is_seen_before_the_next_message(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    with Command(zmq, "pull", "tcp://127.0.0.1:*") as receiver:
        push.connect(receiver.bound())
        for word in (b"first", b"second"):
            push.send(word)
            assert receiver.process.stdout is not None
            assert receiver.process.stdout.readline() == word + b"\n"


# -- the other socket types --------------------------------------------------------


@ours
@pytest.mark.core
def test_pub_waits_for_a_subscriber(zmq: Library) -> None:
    out = piped_from_pub(zmq, ["--topic", "a"], ["--topic", "a"])
    assert out == b"a\n1\na\n2\n"


@ours
def test_sub_without_topic_gets_everything(zmq: Library) -> None:
    assert piped_from_pub(zmq, ["--topic", "a"], []) == b"a\n1\na\n2\n"


def piped_from_pub(zmq: Library, pub: list[str], sub: list[str]) -> bytes:
    endpoint = zmq.reserved("tcp")
    with Command(zmq, "sub", endpoint, "--count", "2", *sub) as subscriber:
        sent = run(zmq, "pub", endpoint, *pub, stdin=b"1\n2\n")
        assert sent == (exits.OK, b"", "")
        code, out, _ = subscriber.outcome()
    assert code == exits.OK
    return out


@ours
def test_pub_leaves_out_what_is_not_subscribed(zmq: Library) -> None:
    endpoint = zmq.reserved("tcp")
    sub = zmq.socket(zmq.SUB, subscribe=b"yes")
    sub.connect(endpoint)
    code = run(zmq, "pub", endpoint, "-d", "no 1", "-d", "yes 2", "-d", "yes 3")[0]
    assert code == exits.OK
    assert [sub.recv(), sub.recv()] == [b"yes 2", b"yes 3"]


@ours
@pytest.mark.core
def test_req_gets_an_echo_from_rep(zmq: Library) -> None:
    with Command(zmq, "rep", "tcp://127.0.0.1:*", "--count", "3") as replier:
        endpoint = replier.bound()
        assert run(zmq, "req", endpoint, stdin=b"1\n2\n3") == (0, b"1\n2\n3\n", "")
        assert replier.outcome()[:2] == (exits.OK, b"1\n2\n3\n")


@ours
def test_rep_answers_until_its_input_has_ended(zmq: Library) -> None:
    req = zmq.socket(zmq.REQ)
    with Command(zmq, "rep", "ipc://*", "-d", "x", "-d", "y") as replier:
        req.connect(replier.bound())
        for question, answer in ((b"a", b"x"), (b"b", b"y")):
            req.send(question)
            assert req.recv() == answer
        assert replier.outcome()[:2] == (exits.OK, b"a\nb\n")


@ours
@pytest.mark.core
def test_pairs_talk_both_ways_at_once(zmq: Library, tmp_path: Path) -> None:
    endpoint = zmq.reserved("tcp")
    numbers, copy = tmp_path / "numbers", tmp_path / "copy"
    numbers.write_bytes(b"".join(b"%d\n" % number for number in range(20_000)))
    options = ("--count", "20000", "--file", str(numbers), endpoint)
    with (
        copy.open("wb") as file,
        Command(zmq, "pair", "--bind", *options, stdout=file) as one,
    ):
        assert run(zmq, "pair", *options) == (exits.OK, numbers.read_bytes(), "")
        assert one.outcome()[0] == exits.OK
    assert copy.read_bytes() == numbers.read_bytes()


@ours
def test_a_router_answers_by_name(zmq: Library) -> None:
    dealer = zmq.socket(zmq.DEALER, routing_id=b"me")
    command = ("router", "tcp://127.0.0.1:*", "--stdin", "-D", "frames", "-n", "1")
    with Command(zmq, *command, stdin=subprocess.PIPE) as router:
        dealer.connect(router.bound())
        dealer.send(b"question")
        assert router.process.stdout is not None
        received = router.process.stdout.read(2 + 2 + 2 + 8)
        assert received == b"\1\2me\0\x08question"
        code, out, _ = router.outcome(b"\1\2me\0\6answer")
    assert (code, out) == (exits.OK, b"")
    assert dealer.recv() == b"answer"


@ours
def test_a_router_says_who_is_not_there(zmq: Library) -> None:
    dealer = zmq.socket(zmq.DEALER, routing_id=b"me")
    command = ("router", "ipc://*", "--stdin", "-D", "frames", "-n", "0")
    with Command(zmq, *command, stdin=subprocess.PIPE) as router:
        dealer.connect(router.bound())
        code, _, err = router.outcome(b"\1\2no\0\4lost\1\2me\0\6answer")
    assert code == exits.OK
    assert "no peer is named b'no'" in err
    assert dealer.recv() == b"answer"


@ours
def test_a_dealer_has_a_name(zmq: Library) -> None:
    router = zmq.socket(zmq.ROUTER)
    endpoint = zmq.bind(router, "tcp")
    command = ("dealer", endpoint, "--routing-id", "me", "-d", "hi", "-n", "1")
    with Command(zmq, *command) as dealer:
        assert router.recv_multipart() == [b"me", b"hi"]
        router.send_multipart([b"me", b"yes"])
        assert dealer.outcome() == (exits.OK, b"yes\n", "")


@ours
def test_xpub_shows_subscriptions(zmq: Library) -> None:
    sub = zmq.socket(zmq.SUB)
    command = ("xpub", "tcp://127.0.0.1:*", "--count", "2", "-D", "none")
    with Command(zmq, *command) as publisher:
        sub.connect(publisher.bound())
        sub.set(zmq.SUBSCRIBE, b"topic")
        assert publisher.process.stdout is not None
        assert publisher.process.stdout.read(6) == b"\1topic"
        sub.set(zmq.UNSUBSCRIBE, b"topic")
        assert publisher.outcome()[:2] == (exits.OK, b"\0topic")


@ours
def test_xsub_subscribes(zmq: Library) -> None:
    pub = zmq.socket(zmq.XPUB)
    endpoint = zmq.bind(pub, "tcp")
    with Command(zmq, "xsub", endpoint, "--topic", "a", "--count", "1") as subscriber:
        assert pub.recv() == b"\1a"
        pub.send(b"b")
        pub.send(b"about")
        assert subscriber.outcome() == (exits.OK, b"about\n", "")


# -- how it ends -------------------------------------------------------------------


USAGE = [
    ("push",),
    ("nonsense",),
    ("push", "ipc://x", "--count", "many"),
    ("push", "ipc://x", "--topic", "a"),
    ("push", "ipc://x", "--backend", "cuda"),
    ("push", "ipc://x", "--data", "a", "--stdin"),
    ("push", "ipc://x", "--file", "/does/not/exist"),
    ("router", "ipc://x", "--stdin"),
]


@ours
@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_wrong_usage(zmq: Library, arguments: tuple[str, ...]) -> None:
    code, out, err = run(zmq, *arguments)
    assert (code, out) == (exits.USAGE, b"")
    assert "pymq" in err
    assert "Traceback" not in err


@ours
@pytest.mark.parametrize(
    "arguments",
    [
        ("pull", "nonsense"),
        ("pull", "carrier://pigeon"),
        ("push", "ipc://x", "-D", "frames", "--file", __file__),
    ],
    ids=" ".join,
)
def test_errors_are_one_line(zmq: Library, arguments: tuple[str, ...]) -> None:
    code, out, err = run(zmq, *arguments, "--linger", "0")
    assert (code, out) == (exits.ERROR, b"")
    assert err.startswith("pymq: ")
    assert err.count("\n") == 1


@ours
def test_an_address_in_use_is_an_error(zmq: Library) -> None:
    endpoint = zmq.bind(zmq.socket(zmq.PULL), "tcp")
    code, _, err = run(zmq, "pull", endpoint)
    assert code == exits.ERROR
    assert "in use" in err


@ours
@pytest.mark.core
@pytest.mark.parametrize(
    "arguments",
    [
        ("pull", "ipc://nobody"),
        ("sub", "ipc://nobody"),
        ("pub", "ipc://nobody", "-d", "x"),
        ("push", "ipc://nobody", "-d", "x"),
        ("push", "ipc://nobody", "-d", "x", "--bind"),
        ("req", "ipc://nobody", "-d", "x"),
        ("rep", "ipc://nobody"),
        ("dealer", "ipc://nobody"),
    ],
    ids=" ".join,
)
def test_a_timeout_has_its_own_code(zmq: Library, arguments: tuple[str, ...]) -> None:
    code, out, err = run(zmq, *arguments, "--timeout", "0.05")
    assert (code, out) == (exits.TIMEOUT, b"")
    assert "timeout" in err


@ours
@pytest.mark.core
def test_ctrl_c(zmq: Library) -> None:
    with Command(zmq, "pull", "tcp://127.0.0.1:*") as receiver:
        receiver.bound()
        receiver.process.send_signal(signal.SIGINT)
        code, _, err = receiver.outcome()
    assert code == exits.INTERRUPTED
    assert "Traceback" not in err


@ours
def test_ctrl_c_while_lingering(zmq: Library) -> None:
    pair = zmq.socket(zmq.PULL)
    held = zmq.reserved("tcp")  # nobody listens, so the message cannot leave
    endpoint = zmq.bind(pair, "tcp")
    arguments = ("push", endpoint, held, "-d", "goes", "-d", "stays")
    with Command(zmq, *arguments) as sender:
        assert pair.recv() in (b"goes", b"stays")
        sender.process.send_signal(signal.SIGINT)
        code, _, err = sender.outcome()
    assert code == exits.INTERRUPTED
    assert "Traceback" not in err


@ours
def test_a_reader_that_leaves_is_no_noise(zmq: Library) -> None:
    push = zmq.socket(zmq.PUSH)
    with Command(zmq, "pull", "tcp://127.0.0.1:*") as receiver:
        push.connect(receiver.bound())
        assert receiver.process.stdout is not None
        receiver.process.stdout.close()
        receiver.process.stdout = None
        while receiver.process.poll() is None:
            if push.poll(10, zmq.POLLOUT):
                push.send(b"x" * 1000)
        code, _, err = receiver.outcome()
    assert (code, err) == (exits.BROKEN_PIPE, "")


# -- what it says ------------------------------------------------------------------


@ours
@pytest.mark.core
def test_info_names_the_backend(zmq: Library) -> None:
    code, out, _ = run(zmq, "info")
    assert code == exits.OK
    lines = dict(line.split(":", 1) for line in out.decode().splitlines())
    assert lines["backend"].strip() == zmq.tag
    assert "XPUB" in lines["sockets"]
    assert {"tcp", "ipc", "inproc"} <= set(lines["transports"].split())


def without_typer(zmq: Library, *arguments: str) -> Any:
    """Run the command line in a Python that has neither typer nor rich."""
    code = (
        "import sys; sys.modules['typer'] = sys.modules['rich'] = None;"
        "from pymq.cli import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=zmq.folder,
        env=environment(zmq.tag),
        capture_output=True,
        text=True,
    )


@ours
def test_info_needs_nothing(zmq: Library) -> None:
    done = without_typer(zmq, "info")
    assert done.returncode == exits.OK
    assert f" {zmq.tag}\n" in done.stdout


@ours
def test_without_typer_it_says_what_to_install(zmq: Library) -> None:
    done = without_typer(zmq, "push", "ipc://x")
    assert done.returncode == exits.ERROR
    assert "pip install 'pymq[cli]'" in done.stderr


@ours
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_help_teaches(zmq: Library, kind: Any) -> None:
    code, out, _ = run(zmq, kind.name, "--help")
    text = out.decode()
    assert code == exits.OK
    for example in kind.examples:
        assert example in text
    assert ("--topic" in text) == bool(kind.topics)


@ours
@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_for_terminals(
    zmq: Library, tmp_path: Path, terminal: bool
) -> None:
    path = tmp_path / "some.file"
    path.write_bytes(BINARY)
    pull = zmq.socket(zmq.PULL)
    endpoint = zmq.bind(pull, "tcp")
    master, slave = os.openpty()
    stderr = slave if terminal else subprocess.PIPE
    arguments = ("push", endpoint, "-D", "none", "--file", str(path))
    with Command(zmq, *arguments, stderr=stderr) as sender:
        os.close(slave)
        assert pull.recv() == BINARY
        code, _, err = sender.outcome()
        shown = os.read(master, 1 << 16) if terminal else err.encode()
    os.close(master)
    assert code == exits.OK
    assert (b"some.file" in shown) == terminal
