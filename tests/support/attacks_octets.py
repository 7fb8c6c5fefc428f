"""Attacks octet by octet: changed, and cut off there."""

from __future__ import annotations

import attacker
from attacker import MEANINGLESS, as_client, as_server
from rawpeer import RawListener, RawPeer
from scene import (
    Scene,
    attack,
)


def _number(at: int) -> bytes:
    return b"%06d" % at


class Spoiler:
    """Changes one octet after the other of what an honest peer would say."""

    def __init__(self, twist: attacker.Twist, good: frozenset[int]) -> None:
        self._twist = twist
        self._good = good  # changes that mean nothing
        self.at = 0
        self.over = False  # that octet was behind the last

    def say(self, peer: RawPeer, script: attacker.Script) -> bool:
        """Whether the other side has to accept it: else it did not."""
        if self.at in self._good:
            attacker.play(peer, attacker.twisted(script, self._twist, self.at))
            return True
        answer = attacker.spoil(peer, script, self._twist, self.at)
        self.over = answer is None
        for word in (b"WELCOME", b"INITIATE", b"READY"):
            assert word not in (answer or b""), (self.at, answer)
        return self.over

    @property
    def outcome(self) -> str:
        """In words."""
        if not self._good:
            return f"each of {self.at} is refused"
        good = len(self._good)
        return f"{self.at - good} of {self.at} are refused, {good} mean nothing"


def _spoil_client(scene: Scene, spoiler: Spoiler, mechanism: str) -> str:
    """Spoil what a client says, in the eyes of a server."""
    scene.serve(mechanism)
    taken = set()
    while not spoiler.over:
        body = _number(spoiler.at)
        with scene.peer() as peer:
            script = as_client(peer, attacker.client(mechanism), body)
            if spoiler.say(peer, script):
                taken.add(body)
        spoiler.at += 1
    received = scene.received(mechanism)
    assert received == taken, received ^ taken
    spoiler.at -= 1
    return spoiler.outcome


def _spoil_server(scene: Scene, spoiler: Spoiler, mechanism: str) -> str:
    """Spoil what a server says, in the eyes of a client."""
    client = scene.client(mechanism)
    with RawListener() as listener:
        while not spoiler.over:
            body = _number(spoiler.at)
            client.connect(listener.endpoint)
            with listener.accept() as peer:
                script = as_server(peer, attacker.server(mechanism), body)
                if spoiler.say(peer, script):
                    assert client.recv() == body
            assert not client.poll(0)
            client.disconnect(listener.endpoint)
            spoiler.at += 1
    spoiler.at -= 1
    return spoiler.outcome


#: Of what a client says, the outer flags of its message; MORE is flipped there.
MESSAGE = 554
FLIPS = "one bit of each octet of greeting, handshake and first message is flipped, in "
CUTS = "greeting, handshake and first message end before each octet, in "


@attack(FLIPS + "turn", "CURVE server", "551 of 595 are refused, 44 mean nothing")
def _flips(scene: Scene) -> str:
    return _spoil_client(
        scene, Spoiler(attacker.flip, MEANINGLESS | {MESSAGE}), "CURVE"
    )


@attack(FLIPS + "turn", "CURVE client", "286 of 329 are refused, 43 mean nothing")
def _flips_(scene: Scene) -> str:
    return _spoil_server(scene, Spoiler(attacker.flip, MEANINGLESS), "CURVE")


@attack(CUTS + "turn", "CURVE server", "each of 595 is refused")
def _cuts(scene: Scene) -> str:
    return _spoil_client(scene, Spoiler(attacker.cut, frozenset()), "CURVE")


@attack(CUTS + "turn", "CURVE client", "each of 329 is refused")
def _cuts_(scene: Scene) -> str:
    return _spoil_server(scene, Spoiler(attacker.cut, frozenset()), "CURVE")
