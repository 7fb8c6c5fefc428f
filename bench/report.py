"""The report: Markdown, made from a record and from nothing else."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Iterator, Sequence

from .figures import ratios
from .record import Record
from .targets import LINEAR, Check, Target, checks, own_measure, slopes
from .wording import absolute, cell, ratio, short, table

INTRODUCTION = """\
# Performance

Made by `{command}` on {started}, in {minutes:.0f} minutes; `bench/README.md` has the
method. Do not edit: the figures are those of the JSON document beside this page.

In each row every peer was measured {rounds} times, in turn, after a warm-up, each time
in new processes. A cell has the median and half of the range. A ratio is the median of
the ratios within each round, [least–greatest].
"""

FLOOR = """\
The floor is what plain sockets would reach in our place: nobody gets past it. A target
beyond its floor cannot be met on that machine; `docs/limits.md` says more.
"""

Lines = list[Sequence[str]]


def report(record: Record, plots: Sequence[str] = ()) -> str:
    """The page; `plots` are paths of pictures to show, as the page sees them."""
    found = list(checks(record["rows"]))
    parts = [
        INTRODUCTION.format(
            command=record["command"],
            started=record["started"],
            minutes=record["took_s"] / 60,
            rounds=record["settings"]["rounds"],
        ),
        "## Targets\n",
        targets(found),
        *[f"\n![{path}]({path})" for path in plots],
        "\n## Growth\n",
        growth(record),
        "\n## Every row of every target\n",
        FLOOR,
        details(found),
        "\n## All rows\n",
        *families(record),
        "\n## What did not finish, or is not there\n",
        unfinished(record),
        "\n## Machine\n",
        facts(record["machine"]),
        "\n## Peers\n",
        peers(record["peers"]),
    ]
    return "\n".join(parts) + "\n"


# -- targets ---------------------------------------------------------------------------


def by_target(found: Sequence[Check]) -> Iterator[tuple[Target, list[Check]]]:
    """The checks of each target."""
    for target, group in groupby(found, key=lambda one: one.target):
        yield target, list(group)


def targets(found: Sequence[Check]) -> str:
    """One line for each: the row that is furthest from it, and how many meet it."""
    lines: Lines = []
    for target, group in by_target(found):
        measured = [one for one in group if one.found]
        if not measured:
            lines.append([target.group, bound(target), "not measured", "", ""])
            continue
        worst = min(measured, key=lambda one: distance(one))
        met = sum(bool(one.met) for one in measured)
        verdict = "**met**" if met == len(group) else "not met"
        if met == len(measured) < len(group):
            verdict = "met where measured"
        counted = f"{verdict} ({met} of {len(group)})"
        lines.append([target.group, bound(target), value(worst), worst.row, counted])
    return table(("target", "wanted", "measured, worst row", "that row", "met"), lines)


def distance(one: Check) -> float:
    """How many times better than its bound: below 1 it is not met."""
    assert one.found is not None
    by = one.found.median / one.target.bound
    return by if one.target.at_least else 1 / max(by, 1e-12)


def bound(target: Target) -> str:
    """What is wanted."""
    sign = "≥" if target.at_least else "≤"
    if not target.versus:
        return f"{sign} {short(target.bound)}"
    return f"{sign} {target.bound:.3g} × {target.versus}"


def value(one: Check) -> str:
    """What was found."""
    if one.found is None:
        return one.reason
    return ratio(one.found) if one.target.versus else absolute(one.found)


def details(found: Sequence[Check]) -> str:
    """A line for each row of each target."""
    words = {True: "met", False: "**not met**", None: ""}
    lines = [
        [
            *(one.target.group, bound(one.target), one.row),
            *(value(one), ratio(one.floor) if one.floor else "", words[one.met]),
        ]
        for one in found
    ]
    return table(("target", "wanted", "row", "measured", "the floor", "met"), lines)


def growth(record: Record) -> str:
    """Slopes."""
    lines = [
        [growth.group, peer, f"{slope:.2f}", "yes" if slope <= LINEAR else "**no**"]
        for growth, peer, slope in slopes(record["rows"])
    ]
    text = table(("growth", "peer", "log-log slope", "linear"), lines)
    return f"1 is linear; up to {LINEAR} counts as that.\n\n{text}"


# -- all rows --------------------------------------------------------------------------


def families(record: Record) -> Iterator[str]:
    """A table for the rows of each kind."""
    rows = record["rows"]
    for title, names in groupby(rows, key=family):
        kept = list(names)
        measure = rows[kept[0]]["measure"]
        told = record["measures"][measure]
        yield f"### {title}\n\n{told['meaning']}, in {told['unit']}\n"
        yield rows_table(rows, kept) + "\n"


def family(name: str) -> str:
    """What a row is shown with."""
    parts = name.split("/")
    deep = {"throughput": 2, "python3.12+": 2, "pypy": 2}.get(parts[0], 1)
    if parts[1:2] == ["throughput"]:
        deep = 3
    if name == "connections/rate":
        deep = 2
    return " ".join(parts[:deep])


def rows_table(rows: dict[str, Any], names: Sequence[str]) -> str:
    """Peers side by side, and pymq by pyzmq."""
    shown: list[str] = []
    for name in names:
        shown += [peer for peer in rows[name]["peers"] if peer not in shown]
    ours, theirs = (next((p for p in shown if p.startswith(n)), "") for n in PAIR)
    lines: Lines = []
    for name in names:
        found, key = rows[name]["peers"], rows[name]["measure"]
        cells = [outcome_cell(found.get(peer), key) for peer in shown]
        lines.append([name, *cells, compared(found, ours, theirs, key)])
    return table(("row", *shown, "pymq / pyzmq"), lines)


PAIR = ("pymq", "pyzmq")


def outcome_cell(outcome: Any, key: str) -> str:
    """What a peer did in a row."""
    if outcome is None:
        return ""
    if outcome["status"] != "ok":
        return str(outcome["status"])
    return cell([values[key] for values in outcome["rounds"]])


def compared(found: dict[str, Any], ours: str, theirs: str, key: str) -> str:
    """The ratio of two peers, if both have finished."""
    pair = [found.get(peer) for peer in (ours, theirs)]
    if any(one is None or one["status"] != "ok" for one in pair):
        return ""
    first, second = ([values[key] for values in one["rounds"]] for one in pair if one)
    return ratio(ratios(first, second))


def unfinished(record: Record) -> str:
    """Peers that did not do their rows, with reasons."""
    lines = [
        [name, peer, outcome["status"], outcome["reason"]]
        for name, row in record["rows"].items()
        for peer, outcome in row["peers"].items()
        if outcome["status"] != "ok"
    ]
    return table(("row", "peer", "", "reason"), lines) if lines else "Nothing.\n"


def facts(machine: dict[str, Any]) -> str:
    """What it was measured on."""
    return table(("", ""), [[name, str(fact)] for name, fact in machine.items()])


def peers(found: dict[str, dict[str, Any]]) -> str:
    """What was measured."""
    lines = [
        [
            name,
            one.get("about") or "",
            one.get("version") or "",
            one.get("python") or "",
            one.get("missing") or "",
        ]
        for name, one in found.items()
    ]
    return table(("peer", "what", "version", "Python", "missing"), lines)


def summary(row: str, outcomes: dict[str, Any]) -> Iterator[str]:
    """A row as text, to read while a run goes on."""
    key = own_measure(row)
    yield row
    for name, outcome in outcomes.items():
        text = outcome_cell(outcome, key)
        if outcome["reason"]:
            text = f"{text}: {outcome['reason']}"
        yield f"    {name:<18}{text}"
