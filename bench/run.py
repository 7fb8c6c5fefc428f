"""One run: warm-up, then rounds in which every peer is measured once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Mapping, Union

from .missing import Missing
from .peers import PEERS, program
from .process import Call, Program, Unfinished, Unsupported, measure
from .rows import WORKLOADS, Row

Values = dict[str, float]

OK, UNFINISHED, UNAVAILABLE = "ok", "did not finish", "not available"


#: Bytes that the first warm-up of a row moves at most.
WARM_UP_BYTES = 32 << 20


@dataclass
class Settings:
    """How much is measured: `seconds` for each measurement, `limit` for a worker that
    hangs, both in seconds.  `under` is a command to run one side with, the one that
    measures unless `side` names another."""

    rounds: int = 5
    seconds: float = 0.3
    limit: float = 15.0
    pythons: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    side: str = ""


@dataclass
class Outcome:
    """What one peer did in one row: a dict of values for each round."""

    status: str = OK
    reason: str = ""
    rounds: list[Values] = field(default_factory=list)


def once(
    row: Row, peer: str, program: Program, count: int, settings: Settings
) -> Values:
    """One measurement; its values.  Raises Unfinished or Unsupported."""
    workload, keys = WORKLOADS[row.workload], {**row.keys, "count": count}
    if keys.get("many") and not PEERS[peer].batches:
        keys["many"] = 0
    found = measure(
        program, calls(row, settings), keys, settings.limit * workload.patience
    )
    values: Values = {}
    for side in found.values():
        values.update(side)
    values.update(found[workload.reports])
    values["rate"] = values["messages"] / max(values["seconds"], 1e-9)
    values["cpu_us"] = processor_time(row, found, values["messages"]) * 1e6
    return values


def processor_time(row: Row, found: Mapping[str, Values], messages: float) -> float:
    """Seconds of all sides for a message.  A side's are for the messages that it
    reports, where one has some ahead of those that the other's clock sees."""
    if not row.keys.get("warm"):
        return sum(side["cpu"] for side in found.values()) / max(messages, 1)
    return sum(side["cpu"] / max(side["messages"], 1) for side in found.values())


def calls(row: Row, settings: Settings) -> dict[str, Call]:
    """How each side is started."""
    workload = WORKLOADS[row.workload]
    profiled = settings.side or workload.reports
    return {
        side: Call(
            workload.calls.get(side, row.workload),
            row.sides.get(side, {}),
            settings.under if side == profiled else (),
        )
        for side in workload.sides
    }


def calibrate(row: Row, peer: str, program: Program, settings: Settings) -> int:
    """How much makes a measurement last as long as it should; warms up by the way."""
    workload, seconds = WORKLOADS[row.workload], settings.seconds * row.longer
    count = start(row, seconds)
    if row.count or row.keys.get("gap_ms"):
        once(row, peer, program, count, settings)
        return count
    wanted = count
    for _ in range(3):
        values = once(row, peer, program, count, settings)
        each = values["seconds"] / count
        wanted = max(workload.least, int(seconds / max(each, 1e-9)))
        if values["seconds"] > seconds / 8:
            break
        count = min(wanted, count * 20)
    return wanted


def start(row: Row, seconds: float) -> int:
    """The count of the first warm-up."""
    workload = WORKLOADS[row.workload]
    gap, size = int(row.keys.get("gap_ms", 0)), int(row.keys.get("size", 0))
    if row.count:
        return row.count
    if gap:
        return max(workload.least, int(seconds * 1000 / gap))
    count = min(workload.start, WARM_UP_BYTES // max(1, size))
    return max(workload.least, count // int(row.keys.get("subscribers", 1)))


class Measuring:
    """The peers of one row, and what they have done so far.

    `missing` has those that are known not to work here, with reasons.
    """

    def __init__(
        self, row: Row, settings: Settings, missing: Mapping[str, str]
    ) -> None:
        self.row, self.settings = row, settings
        self.outcomes = {
            name: Outcome(UNAVAILABLE, missing[name]) if name in missing else Outcome()
            for name in row.peers
        }
        self._programs: dict[str, Program] = {}
        self._counts: dict[str, int] = {}

    def run(self, tell: Callable[[str], None]) -> dict[str, Outcome]:
        """All rounds; `tell` hears of every measurement, or that it was left out."""
        order = list(self.outcomes)
        for name in order:
            self._guarded(name, self._warm_up)
            tell(f"{self.row.name} {name}")
        for _ in range(min(self.settings.rounds, self.row.rounds)):
            for name in order:
                self._guarded(name, self._round)
                tell(f"{self.row.name} {name}")
            order.reverse()
        return self.outcomes

    def _warm_up(self, name: str) -> None:
        started = program(PEERS[name], self.settings.pythons)
        self._programs[name] = started
        self._counts[name] = calibrate(self.row, name, started, self.settings)

    def _round(self, name: str) -> None:
        started, count = self._programs[name], self._counts[name]
        values = once(self.row, name, started, count, self.settings)
        self.outcomes[name].rounds.append(values)

    def _guarded(self, name: str, work: Callable[[str], None]) -> None:
        outcome = self.outcomes[name]
        if outcome.status != OK:
            return
        fault: Union[Exception, None] = None
        try:
            work(name)
        except (Missing, Unsupported) as error:
            outcome.status, fault = UNAVAILABLE, error
        except Unfinished as error:
            outcome.status, fault = UNFINISHED, error
        if fault:
            outcome.reason = str(fault)
