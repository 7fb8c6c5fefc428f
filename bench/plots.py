"""The pictures: PNG and SVG, made from a record with matplotlib."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Callable, Optional

from .figures import Spread, spread
from .missing import Missing
from .record import Record
from .report import bound, by_target, distance
from .rows import SIZES
from .targets import Check, checks

COLOURS = {
    "pymq": "#c0392b",
    "pymq-pure": "#e59866",
    "pyzmq": "#2471a3",
    "libzmq": "#1b2631",
    "pynng": "#7d3c98",
    "raw-python": "#aab7b8",
    "raw-c": "#707b7c",
}
TRANSPORTS = ("tcp", "ipc", "inproc")
MANY = "pymq, many"


def draw(record: Record, folder: Path) -> list[Path]:
    """Draw all pictures; the PNG files.  Raises Missing without matplotlib."""
    if find_spec("matplotlib") is None:
        raise Missing("no plots without matplotlib: pip install 'pymq[bench]'")
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update({"svg.hashsalt": "pymq", "font.size": 9})
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, picture in PICTURES.items():
        figure = picture(record)
        if figure is None:
            continue
        for suffix in ("svg", "png"):
            path = folder / f"{name}.{suffix}"
            metadata = {"Date": None} if suffix == "svg" else None
            figure.savefig(path, dpi=120, bbox_inches="tight", metadata=metadata)
        made.append(path)
    return made


def values(record: Record, row: str, peer: str, measure: str) -> Optional[Spread]:
    """What a peer did in a row, if it did."""
    outcome = record["rows"].get(row, {}).get("peers", {}).get(peer)
    if not outcome or not outcome["rounds"]:
        return None
    return spread([one[measure] for one in outcome["rounds"]])


def throughput(record: Record) -> Any:
    """Messages a second by size, a panel for each transport."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4.5), sharey=True)
    drawn = [lines(record, transport, ax) for transport, ax in zip(TRANSPORTS, axes)]
    if not any(drawn):
        return None
    axes[0].set_ylabel("messages/s")
    handles: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels()):
            handles.setdefault(label, handle)
    figure.legend(
        list(handles.values()),
        list(handles),
        ncol=8,
        frameon=False,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
    )
    figure.suptitle("PUSH to PULL: median, and the range of all rounds")
    return figure


def lines(record: Record, transport: str, ax: Any) -> bool:
    """One panel; whether there was anything to draw."""
    drawn = False
    for peer in (*COLOURS, MANY):
        name, how = ("pymq", "many") if peer == MANY else (peer, "one")
        points = []
        for size, number in SIZES.items():
            row = f"throughput/{transport}/{size}/copy/{how}"
            found = values(record, row, name, "rate")
            if found:
                points.append((number, found))
        if points:
            drawn = True
            style = "--" if peer == MANY else "-"
            line(ax, peer, COLOURS[name], style, points)
    ax.set(xscale="log", yscale="log", title=transport, xlabel="bytes in a message")
    ax.set_xticks(list(SIZES.values()), list(SIZES))
    ax.minorticks_off()
    ax.grid(True, alpha=0.25)
    return drawn


def line(
    ax: Any, label: str, colour: str, style: str, points: list[tuple[int, Spread]]
) -> None:
    """A peer's medians, with their range behind them."""
    places = [place for place, _ in points]
    medians = [found.median for _, found in points]
    low, high = [f.low for _, f in points], [f.high for _, f in points]
    ax.plot(places, medians, style, color=colour, marker="o", ms=3, label=label)
    ax.fill_between(places, low, high, color=colour, alpha=0.12, linewidth=0)


def roundtrips(record: Record) -> Any:
    """Median and 99th percentile of round trips over tcp."""
    from matplotlib import pyplot

    names = [
        f"roundtrip/tcp/reqrep/{cores}/{pace}"
        for cores in ("one-core", "two-cores")
        for pace in ("at-once", "after-10ms")
    ]
    names = [name for name in names if name in record["rows"]]
    if not names:
        return None
    figure, axes = pyplot.subplots(
        1, len(names), figsize=(3.4 * len(names), 3.4), sharex=True
    )
    for ax, name in zip([axes] if len(names) == 1 else axes, names):
        trips(record, name, ax)
    figure.suptitle("REQ to REP over tcp, 64 bytes, µs: median, and 99th percentile")
    figure.tight_layout()
    return figure


def trips(record: Record, name: str, ax: Any) -> None:
    """For each peer a dot at the median, and a line on to its 99th percentile."""
    peers = [peer for peer in COLOURS if values(record, name, peer, "p50_us")]
    for place, peer in enumerate(reversed(peers)):
        p50 = values(record, name, peer, "p50_us")
        p99 = values(record, name, peer, "p99_us")
        assert p50 and p99
        ends = [p50.median, p99.median]
        ax.plot(ends, [place, place], color=COLOURS[peer], lw=2, alpha=0.6)
        ax.plot(ends[:1], [place], "o", color=COLOURS[peer], ms=7)
        ax.text(p50.median, place + 0.22, f"{p50.median:.0f}", fontsize=8)
    ax.set_yticks(range(len(peers)), list(reversed(peers)))
    ax.set_title(" ".join(name.split("/")[3:]), fontsize=9)
    ax.set(xscale="log", ylim=(-0.5, len(peers)))
    ax.xaxis.set_minor_formatter("")
    ax.grid(True, axis="x", alpha=0.25)


def targets(record: Record) -> Any:
    """How many times better than wanted: the worst row of each target."""
    from matplotlib import pyplot

    worst: list[tuple[str, Check]] = []
    for target, group in by_target(list(checks(record["rows"]))):
        measured = [one for one in group if one.found]
        if measured:
            label = f"{target.group}\n{bound(target)}"
            worst.append((label, min(measured, key=distance)))
    if not worst:
        return None
    figure, ax = pyplot.subplots(figsize=(9, 0.42 * len(worst) + 1))
    for place, (_, one) in enumerate(reversed(worst)):
        dot(ax, place, one)
    ax.axvline(1, color="black", linewidth=0.8)
    ax.set_yticks(
        range(len(worst)), [label for label, _ in reversed(worst)], fontsize=7
    )
    ax.set(xscale="log", xlabel="by what was wanted; right of the line it is met")
    ax.grid(True, axis="x", alpha=0.25)
    return figure


def dot(ax: Any, place: int, one: Check) -> None:
    """A check's median with its range."""
    assert one.found is not None
    ends = sorted(
        distance(one._replace(found=Spread(end, end, end)))
        for end in (one.found.low, one.found.high)
    )
    colour = "#1e8449" if one.met else "#c0392b"
    ax.plot(ends, [place, place], color=colour, linewidth=1.5, alpha=0.6)
    ax.plot([distance(one)], [place], "o", color=colour, ms=5)


PICTURES: dict[str, Callable[[Record], Any]] = {
    "throughput": throughput,
    "roundtrip": roundtrips,
    "targets": targets,
}
