"""The socket types, as the command line uses them: one row each."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One socket type on the command line.

    `style` names the loop in `pymq.cli.traffic` that moves its messages.
    """

    name: str
    style: str
    binds: bool  # unless --connect says otherwise
    reads: bool  # input by default: from stdin
    topics: str  # what --topic does; empty: there is no --topic
    summary: str
    examples: tuple[str, ...]
    details: str = ""


KINDS = (
    Kind(
        "push",
        "send",
        binds=False,
        reads=True,
        topics="",
        summary="Send messages, each to one of the connected pull sockets in turn.",
        examples=(
            "seq 100 | pymq push tcp://127.0.0.1:5555",
            "pymq push tcp://127.0.0.1:5555 --file disk.img --delimiter none",
        ),
    ),
    Kind(
        "pull",
        "receive",
        binds=True,
        reads=False,
        topics="",
        summary="Receive what push sockets send, and write it to stdout.",
        examples=(
            "pymq pull 'tcp://*:5555'",
            "pymq pull ipc:///tmp/jobs --count 1 --delimiter none > disk.img",
        ),
    ),
    Kind(
        "pub",
        "send",
        binds=True,
        reads=True,
        topics="send this in front of every message, as a frame of its own",
        summary="Publish messages to every subscriber of their first bytes.",
        examples=(
            "vmstat 1 | pymq pub 'tcp://*:5556' --topic load",
            "pymq pub 'tcp://*:5556' --data hello --subscribers 2",
        ),
    ),
    Kind(
        "sub",
        "receive",
        binds=False,
        reads=False,
        topics="receive messages that begin with this (default: all)",
        summary="Subscribe, and write what is published to stdout.",
        examples=(
            "pymq sub tcp://127.0.0.1:5556 --topic load",
            "pymq sub tcp://127.0.0.1:5556 --count 10 --delimiter frames > some.zmtp",
        ),
    ),
    Kind(
        "req",
        "request",
        binds=False,
        reads=True,
        topics="",
        summary="Send each message as a request, and write its reply to stdout.",
        examples=("pymq req tcp://127.0.0.1:5557 --data ping --timeout 2",),
    ),
    Kind(
        "rep",
        "reply",
        binds=True,
        reads=False,
        topics="",
        summary="Write each request to stdout and send a reply.",
        details="The reply is the request itself, or the next message of the input; "
        "when that has ended, so does the command.",
        examples=(
            "pymq rep 'tcp://*:5557'",
            "pymq rep 'tcp://*:5557' --data pong --data 'pong again'",
        ),
    ),
    Kind(
        "pair",
        "both",
        binds=False,
        reads=True,
        topics="",
        summary="Talk to one other pair socket, both ways at once.",
        examples=(
            "pymq pair 'tcp://*:5558' --bind",
            "pymq pair tcp://127.0.0.1:5558",
        ),
    ),
    Kind(
        "dealer",
        "both",
        binds=False,
        reads=True,
        topics="",
        summary="Send messages to the peers in turn, and receive from all of them.",
        examples=(
            "pymq dealer tcp://127.0.0.1:5559 --routing-id me --data hello --count 1",
        ),
    ),
    Kind(
        "router",
        "both",
        binds=True,
        reads=False,
        topics="",
        summary="Receive from many peers, and answer each by name.",
        details="The first frame of every message is the peer's routing id, in what "
        "is received and in what is sent.",
        examples=(
            "pymq router 'tcp://*:5559'",
            "pymq router 'tcp://*:5559' --file answers.zmtp --delimiter frames",
        ),
    ),
    Kind(
        "xpub",
        "both",
        binds=True,
        reads=True,
        topics="",
        summary="Publish, and write subscriptions to stdout.",
        details="A subscription is a byte, 1 or (cancelled) 0, then the topic.",
        examples=("pymq xpub 'tcp://*:5556' | xxd",),
    ),
    Kind(
        "xsub",
        "both",
        binds=False,
        reads=False,
        topics="receive messages that begin with this (default: all)",
        summary="Subscribe; input is sent to the publishers.",
        examples=("pymq xsub tcp://127.0.0.1:5556 --topic load",),
    ),
)

BY_NAME = {kind.name: kind for kind in KINDS}
