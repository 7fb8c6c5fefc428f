"""What became of every letter: it was received, or what happened to it is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Sequence

from faultproxy import Passage
from letters import LAST, write

BROKEN = ("reset", "forsake", "closed")  # not in order: who knows what was under way


@dataclass(frozen=True)
class Terms:
    """What may be lost in front of the proxy: `batch` bytes of a sender that encodes
    ahead when a connection ends in order, `kernel` bytes when it is reset.

    `unheard`: also what was sent while there was no connection, or waited for one that
    ended, as publishers and whoever is bound lose it; `steady`: but nothing in the
    midst of a connection, of which there is one at a time.

    `rivals`: a connection may be refused because another one has its place.

    `mixed`: answers to what came over one connection may go over the next.

    `renewed`: who connects took another socket, with what waited in the first one, when
    so many letters had been sent.
    """

    batch: int = 0
    kernel: int = 0
    unheard: bool = False
    steady: bool = False
    rivals: bool = False
    mixed: bool = False
    renewed: Sequence[int] = ()


@dataclass
class Verdict:
    """How many letters had which fate, and what has no explanation."""

    fates: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def blame(self, what: str) -> None:
        """That has no explanation."""
        self.faults.append(what)


class Journey:
    """The letters that went one way over some connections."""

    def __init__(
        self, passages: Sequence[Passage], terms: Terms, back: bool = False
    ) -> None:
        self.passages = list(passages)
        self.terms = terms
        self.back = back
        self._copied = {
            letter.number
            for passage in self.passages
            for fault in passage.faults("duplicate")
            for letter, end in passage.way(False).ends
            if end <= fault.size
        }

    def judge(self, sent: Sequence[int], received: Sequence[int]) -> Verdict:
        """Find the fate of each letter."""
        verdict = Verdict()
        self._once(verdict, received)
        for passage in self.passages:
            self._why(verdict, passage)
            if not self.terms.mixed:
                self._in_order(verdict, received, passage)
        known = self._behind(verdict, set(received))
        self._in_front(verdict, [number for number in sent if number not in known])
        return verdict

    def _entered(self, passage: Passage) -> list[int]:
        return [n for n in passage.way(self.back).entered if n != LAST]

    def _once(self, verdict: Verdict, received: Sequence[int]) -> None:
        """Nothing comes that was not passed on, nor twice, unless its octets did."""
        left = {n for one in self.passages for n in one.way(self.back).left}
        for number, times in Counter(received).items():
            if number not in left | self._copied:
                verdict.blame(f"{number} was received and had not been passed on")
            elif times > 1 and number not in self._copied:
                verdict.blame(f"{number} was received {times} times")
        verdict.fates["copies"] = len(received) - len(set(received))

    def _in_order(
        self, verdict: Verdict, received: Sequence[int], passage: Passage
    ) -> None:
        """Those of one connection come in the order in which they were sent."""
        entered = [n for n in self._entered(passage) if n not in self._copied]
        if entered != sorted(set(entered)):
            verdict.blame(f"a connection carried {entered}")
        mine = set(passage.way(self.back).left) - self._copied
        found = [number for number in received if number in mine]
        if found != sorted(found):
            verdict.blame(f"received out of order: {found}")

    def _why(self, verdict: Verdict, passage: Passage) -> None:
        """No end is closed by those who use it, but for a reason."""
        reason = self.terms.rivals or self.terms.renewed or passage.faults("corrupt")
        if passage.ended == "closed" and not reason:
            verdict.blame(f"an end closed it: {passage.cause} {passage.plan}")

    def _behind(self, verdict: Verdict, received: set[int]) -> set[int]:
        """The fates of those that reached the proxy; returns their numbers."""
        known: set[int] = set()
        for passage in self.passages:
            spoilt = [fault.at for fault in passage.faults("corrupt", self.back)]
            for letter, end in passage.way(self.back).ends:
                number = letter.number
                if number == LAST:
                    continue
                if number in known and number not in self._copied:
                    verdict.blame(f"{number} was sent over two connections")
                known.add(number)
                if number in received:
                    verdict.fates["received"] += 1
                else:
                    refused = self._refused(passage, received)
                    limit = min(spoilt, default=end)
                    self._lost(verdict, passage, number, end, limit, refused)
        return known

    def _refused(self, passage: Passage, received: set[int]) -> bool:
        """Whether a rival may have had its place: nothing of it was read."""
        mine = set(passage.way(self.back).left) - self._copied
        return self.terms.rivals and not mine & received

    def _lost(
        self,
        verdict: Verdict,
        passage: Passage,
        number: int,
        end: int,
        spoilt: int,
        refused: bool,
    ) -> None:
        if end > passage.way(self.back).went:
            verdict.fates["dropped by the proxy"] += 1
        elif end > spoilt:
            verdict.fates["spoilt"] += 1
        elif passage.ended in BROKEN or refused:
            verdict.fates["reset on the way"] += 1
        else:
            verdict.blame(f"{number} was passed on, and not received")

    def _in_front(self, verdict: Verdict, missing: Sequence[int]) -> None:
        """The fates of those that did not reach the proxy."""
        if self.terms.unheard:
            verdict.fates["unheard"] += len(missing)
            if self.terms.steady:
                self._within(verdict, missing)
            return
        breaks = self._breaks()
        for run in _runs(missing):
            self._between(verdict, run, breaks.get(run[0], []))

    def _within(self, verdict: Verdict, missing: Sequence[int]) -> None:
        for passage in self.passages:
            entered = self._entered(passage) or [0]
            gap = set(missing).intersection(range(entered[0], entered[-1]))
            if gap:
                verdict.blame(f"{sorted(gap)} were left out of a connection")

    def _breaks(self) -> dict[int, list[Passage]]:
        """The connections that ended, by the number of the letter that was next."""
        found: dict[int, list[Passage]] = {}
        behind = 0
        for passage in self.passages:
            behind = max([behind, *(n + 1 for n in self._entered(passage))])
            if passage.ended:
                found.setdefault(behind, []).append(passage)
        return found

    def _between(
        self, verdict: Verdict, run: list[int], ended: Sequence[Passage]
    ) -> None:
        """Letters in a row that never came: of each connection that ended there, the
        one that it had a part of, and what else the kernel had."""
        torn = sum(passage.way(self.back).torn for passage in ended)
        broken = sum(passage.ended in BROKEN for passage in ended)
        room = broken * self.terms.kernel + len(ended) * self.terms.batch
        weights = sorted(map(_weight, run))
        verdict.fates["torn"] += min(torn, len(run))
        verdict.fates["in the kernel"] += max(len(run) - torn, 0)
        renewed = run[-1] + 1 in self.terms.renewed
        if sum(weights[: max(len(run) - torn, 0)]) > room and not renewed:
            ends = [passage.ended for passage in ended]
            verdict.blame(f"{run} never came, with {torn} torn, at ends {ends}")


def _runs(numbers: Sequence[int]) -> list[list[int]]:
    """Cut where one does not follow the other."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def _weight(number: int) -> int:
    return sum(len(part) for part in write(b"...", number))
