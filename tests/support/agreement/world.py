"""What a program has made of its sockets so far, as far as the program itself shows."""

from __future__ import annotations

from typing import Any, Callable

from .programs import Operation


class World:
    """Who has bound and who is connected to what, and who is inside a message."""

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.kinds = list(kinds)
        self.closed: set[int] = set()
        self.bound: dict[str, int] = {}
        self.connected: list[tuple[int, str]] = []  # to a name, bound now or later
        self.links: list[tuple[int, int]] = []  # connecter and binder
        self.left: set[str] = set()  # names that somebody waited for, and gave up
        self.met: set[int] = set()  # had a peer
        self.inside: set[int] = set()
        self.fed: dict[int, int] = {}  # who was the last to send to whom
        self.named: set[tuple[str, Any]] = set()  # options that were set, to what
        self.options: list[dict[str, Any]] = [{} for _ in kinds]

    def kind(self, operation: Operation) -> str:
        """The type of the socket that an operation is for."""
        return self.kinds[operation[1]]

    def peers(self, number: int) -> list[int]:
        """Whom a socket is or was joined to, once for each time."""
        return [a + b - number for a, b in self.links if number in (a, b)]

    def joins(self, operation: Operation) -> list[tuple[int, int]]:
        """Connecters and binders whom an operation would join."""
        name, number, *arguments = operation
        if name == "connect" and arguments[0] in self.bound:
            return [(number, self.bound[arguments[0]])]
        if name == "bind" and arguments[0] not in self.bound:
            waiting = [who for who, where in self.connected if where == arguments[0]]
            return [(who, number) for who in waiting]
        return []

    def apply(self, operation: Operation) -> None:
        """The operation has been run."""
        name, number, *arguments = operation
        if name in ("close", "reopen"):
            self._close(number)
        if name == "reopen":
            self.closed.discard(number)
            self.kinds[number] = arguments[0]
        if number in self.closed:
            return
        effect = getattr(self, f"_after_{name}", None)
        if effect is not None:
            effect(operation, number, *arguments)

    def _close(self, number: int) -> None:
        self.closed.add(number)
        self.bound = {name: who for name, who in self.bound.items() if who != number}
        self._forget(lambda pair: pair[0] == number)
        self.links = [pair for pair in self.links if number not in pair]
        self.inside.discard(number)
        self.met.discard(number)
        self.fed.pop(number, None)
        self.options[number] = {}

    def _forget(self, leaves: Callable[[tuple[int, str]], bool]) -> None:
        self.left.update(pair[1] for pair in self.connected if leaves(pair))
        self.connected = [pair for pair in self.connected if not leaves(pair)]

    def _join(self, operation: Operation) -> None:
        joins = self.joins(operation)
        self.links += joins
        for one, other in joins:
            self.fed.update({one: other, other: one})
        self.met.update(number for pair in joins for number in pair)

    def _after_bind(self, operation: Operation, number: int, endpoint: str) -> None:
        self._join(operation)
        self.bound.setdefault(endpoint, number)
        self.connected = [pair for pair in self.connected if pair[1] != endpoint]
        self.left.discard(endpoint)

    def _after_connect(self, operation: Operation, number: int, endpoint: str) -> None:
        self._join(operation)
        if endpoint not in self.bound:
            self.connected.append((number, endpoint))

    def _after_unbind(self, operation: Operation, number: int, endpoint: str) -> None:
        if self.bound.get(endpoint) == number:
            del self.bound[endpoint]
        else:
            self._forget(lambda pair: pair == (number, endpoint))

    _after_disconnect = _after_unbind

    def _after_send(
        self, operation: Operation, number: int, body: object, more: bool
    ) -> None:
        (self.inside.add if more else self.inside.discard)(number)
        self._feed(number)

    def _after_drain(self, operation: Operation, number: int) -> None:
        self.fed.pop(number, None)

    def _feed(self, number: int) -> None:
        self.fed.update((peer, number) for peer in self.peers(number))

    def _after_fill(self, operation: Operation, number: int, body: object) -> None:
        self.inside.discard(number)
        self._feed(number)

    def _after_send_multipart(
        self, operation: Operation, number: int, bodies: object
    ) -> None:
        self.inside.discard(number)
        self._feed(number)

    def _after_set(
        self, operation: Operation, number: int, option: str, value: Any
    ) -> None:
        self.options[number][option] = value
        self.named.add((option, value))
