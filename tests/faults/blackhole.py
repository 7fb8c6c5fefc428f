"""Two peers with a cable between them, which swallows everything from some moment on.

Each is a process in a network namespace of its own, joined by a pair of veth devices:

    unshare --user --map-root-user --net python blackhole.py BOUND CONNECTED TRAFFIC

makes one, starts the other, and prints as JSON after how many seconds each of them has
noticed (null: it has not).  TRAFFIC is `idle`, or `busy`: what is sent at the time is
more than the kernel takes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import IO, Any, Optional

from implementations import load
from library import Library
from watching import Watch

NET = "10.99.0."
NOBODY = "02:00:00:00:00:99"  # whoever gets a frame for it throws it away
HEARTBEATS = {"heartbeat_ivl": 200, "heartbeat_timeout": 400}  # ms
PATIENCE = 5.0  # seconds: TCP itself needs minutes


def ip(*words: str) -> None:
    """Run ip."""
    subprocess.run(["ip", *words], check=True)


def plug(device: str, number: int) -> None:
    """Give this end of the cable its address."""
    ip("link", "set", "lo", "up")
    ip("address", "add", f"{NET}{number}/24", "dev", device)
    ip("link", "set", device, "up")


def swallow(device: str, other: int) -> None:
    """From now on nothing that is sent arrives, and nobody is told so."""
    where = [f"{NET}{other}", "lladdr", NOBODY, "dev", device]
    ip("neighbour", "replace", *where, "nud", "permanent")


def say(line: str) -> None:
    """To the other process."""
    print(line, flush=True)


class Peer:
    """A PAIR that tells when it was disconnected."""

    def __init__(self, tag: str, traffic: str) -> None:
        self.zmq = Library(load(tag))
        self.busy = traffic == "busy"
        self.sock = self.zmq.socket(self.zmq.PAIR, linger=0, sndhwm=10, **HEARTBEATS)
        self._watch = Watch(self.zmq, self.sock, self.zmq.EVENT_DISCONNECTED)

    def meet(self) -> None:
        """A message each way, and twice the time of a heartbeat."""
        self.sock.send(b"here")
        assert self.sock.recv() == b"here"

    def notice(self) -> Optional[float]:
        """Seconds until the other is given up; None if it is not."""
        begun = time.monotonic()
        while time.monotonic() < begun + PATIENCE:
            if self.busy:
                self._send()
            if self._watch.socket.poll(5):
                return time.monotonic() - begun
        return None

    def _send(self) -> None:
        try:
            self.sock.send(bytes(1 << 20), self.zmq.DONTWAIT)
        except self.zmq.Again:
            pass


def bound(tag: str, traffic: str, orders: IO[str]) -> None:
    """The process that the other one starts."""
    say("started")
    orders.readline()
    plug("east", 2)
    peer = Peer(tag, "idle")
    peer.sock.bind(f"tcp://{NET}2:*")
    say(peer.zmq.last_endpoint(peer.sock))
    peer.meet()
    orders.readline()
    swallow("east", 1)
    say(json.dumps(peer.notice()))
    peer.zmq.close()


def connected(theirs: str, tag: str, traffic: str) -> dict[str, Any]:
    """Start the other one, connect, meet, cut; what was found."""
    command = ["unshare", "--net", sys.executable, __file__, theirs, traffic]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as other:  # type: ignore[call-overload]
        assert other.stdout.readline() == "started\n"
        ip("link", "add", "west", "type", "veth", "peer", "name", "east")
        ip("link", "set", "east", "netns", str(other.pid))
        plug("west", 1)
        print("go", file=other.stdin, flush=True)
        peer = Peer(tag, traffic)
        peer.sock.connect(other.stdout.readline().strip())
        peer.meet()
        print("cut", file=other.stdin, flush=True)
        swallow("west", 2)
        found = {"connected": peer.notice()}
        found["bound"] = json.loads(other.stdout.readline())
        peer.zmq.close()
    return found


if __name__ == "__main__":
    if len(sys.argv) == 3:
        bound(sys.argv[1], sys.argv[2], sys.stdin)
    else:
        say(json.dumps(connected(*sys.argv[1:])))
