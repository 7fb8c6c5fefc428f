"""The benchmark measures, compares and never hangs; how fast is not the question."""

from __future__ import annotations

import json
import math
import sys
import time
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import pymq.backend
from pymq.bench import figures, targets, wording
from pymq.bench.command import main
from pymq.bench.compile import compiled
from pymq.bench.measures import MEASURES
from pymq.bench.missing import Missing
from pymq.bench.peers import PEERS
from pymq.bench.process import Call, Program, Unfinished, Unsupported, measure
from pymq.bench.rows import WORKLOADS, table

ROW = "throughput/tcp/64/copy/one"


def backends() -> list[str]:
    """The peers that are pymq itself, as far as they were built."""
    try:
        pymq.backend.get("native")
    except ImportError:
        return ["pymq-pure"]
    return ["pymq", "pymq-pure"]


# -- figures ---------------------------------------------------------------------------


def test_a_ratio_is_of_the_same_round() -> None:
    # The machine was twice as slow in the last round, for both.
    assert figures.ratios([4, 4, 2], [2, 2, 1]) == (2, 2, 2)
    assert figures.ratios([1, 3], [1, 1]) == (2, 1, 3)


def test_a_spread_needs_values() -> None:
    assert figures.spread([3, 1, 2]) == (2, 1, 3)
    with pytest.raises(ValueError):
        figures.spread([])


def test_a_slope_is_the_exponent() -> None:
    points = [(float(n), 3.0 * n**2) for n in (10, 100, 1000)]
    assert math.isclose(figures.slope(points), 2)
    with pytest.raises(ValueError):
        figures.slope([(10, 1), (10, 2)])


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0123, "0.0123"), (0.5, "0.50"), (12.34, "12.3"), (1_234_000, "1.23 M")],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert wording.short(value) == text


# -- tables ----------------------------------------------------------------------------


def test_rows_name_what_exists() -> None:
    rows = table()
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert set(row.peers) <= set(PEERS), row.name
        workload = WORKLOADS[row.workload]
        assert workload.measure in MEASURES
        assert workload.reports in workload.sides
        assert set(row.sides) <= set(workload.sides)


@pytest.mark.parametrize("target", targets.TARGETS, ids=lambda one: one.group)
def test_targets_name_rows_that_exist(target: targets.Target) -> None:
    for pattern in target.rows:
        assert any(fnmatchcase(name, pattern) for name in targets.ROWS), pattern
    rows = targets.wanted(target)
    assert rows
    for name in rows:
        for one in (target, target.of_floor(name)):
            assert not one.versus or one.versus in targets.ROWS[one.other(name)].peers
    floors = [name for name in rows if target.floor in targets.ROWS[name].peers]
    assert floors or not target.floor


def test_growth_looks_at_several_sizes() -> None:
    for growth in targets.GROWTH:
        rows = [row for name, row in targets.ROWS.items() if growth.fits(name)]
        assert len({row.count for row in rows}) >= 3


def test_a_target_says_whether_it_is_met() -> None:
    target = targets.Target("fast", (ROW,), 2.0)
    for rate, met in ((3.0, True), (1.0, False)):
        results = {
            ROW: {
                "peers": {
                    "pymq": {"status": "ok", "rounds": [{"rate": rate}]},
                    "pyzmq": {"status": "ok", "rounds": [{"rate": 1.0}]},
                }
            }
        }
        assert targets.check(target, results, ROW).met is met
    assert targets.check(target, {}, ROW).met is None


# -- workers ---------------------------------------------------------------------------


def python(code: str) -> Program:
    """A worker that is a few lines."""
    return Program([sys.executable, "-c", code])


ONE = {"both": Call("test", {})}
TWO = {"server": Call("test", {}), "client": Call("test", {})}


def test_a_hung_worker_is_killed_and_named() -> None:
    before = time.monotonic()
    with pytest.raises(Unfinished, match="the both was still running"):
        measure(python("import time; time.sleep(60)"), ONE, {}, 0.3)
    with pytest.raises(Unfinished, match="the server was still running"):
        measure(python("import time; time.sleep(60)"), TWO, {}, 0.3)
    assert time.monotonic() - before < 10


def test_the_worker_that_failed_is_named_not_the_one_that_waits() -> None:
    code = (
        "import sys, time\n"
        "if sys.argv[2] == 'client': sys.exit('no such thing')\n"
        "print('endpoint tcp://127.0.0.1:1', flush=True)\n"
        "time.sleep(60)"
    )
    with pytest.raises(Unfinished, match="the client ended with 1 .*no such thing"):
        measure(python(code), TWO, {}, 10)


def test_what_a_library_cannot_do_is_no_failure() -> None:
    with pytest.raises(Unsupported, match="not here"):
        measure(
            python("import sys; print('not here', file=sys.stderr); sys.exit(3)"),
            ONE,
            {},
            10,
        )


def test_a_worker_must_report() -> None:
    with pytest.raises(Unfinished, match="reported nothing"):
        measure(python("pass"), ONE, {}, 10)


@pytest.mark.parametrize("name", ["raw", "libzmq"])
def test_the_workers_in_c_refuse_what_they_do_not_know(name: str) -> None:
    try:
        program = compiled(name)
    except Missing as missing:
        if "compiler" not in str(missing):
            raise
        pytest.skip(str(missing))
    with pytest.raises(Unsupported):
        measure(Program([program]), ONE, {"endpoint": "tcp://127.0.0.1:*"}, 10)


# -- a run -----------------------------------------------------------------------------


def test_a_tiny_run_leaves_everything_behind(tmp_path: Path) -> None:
    peers = backends()
    page = tmp_path / "performance.md"
    arguments = ["--rows", ROW, "--peers", ",".join(peers), "--report", str(page)]
    assert main([*arguments, "--rounds", "2", "--seconds", "0.05"]) == 0
    record = json.loads(page.with_suffix(".json").read_text("utf-8"))
    assert record["machine"]["cores"] >= 1
    assert set(record["peers"]) == set(peers)
    row = record["rows"][ROW]
    for peer in peers:
        outcome = row["peers"][peer]
        assert (outcome["status"], len(outcome["rounds"])) == ("ok", 2), outcome
        assert all(values["rate"] > 0 for values in outcome["rounds"])
    text = page.read_text("utf-8")
    assert ROW in text
    for target in targets.TARGETS:
        assert f"| {target.group} |" in text


def test_a_record_is_rendered_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept.json"
    arguments = ["--rows", ROW, "--peers", "raw-python", "--rounds", "1"]
    assert main([*arguments, "--seconds", "0.02", "--json", str(kept)]) == 0
    capsys.readouterr()
    assert main(["--from-json", str(kept)]) == 0
    assert ROW in capsys.readouterr().out


def test_a_peer_that_is_missing_is_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PEERS, "raw-c", replace(PEERS["raw-c"], worker="nothing"))
    kept = tmp_path / "kept.json"
    arguments = ["--rows", ROW, "--peers", "raw-c,raw-python", "--rounds", "1"]
    assert main([*arguments, "--seconds", "0.02", "--json", str(kept)]) == 0
    found = json.loads(kept.read_text("utf-8"))["rows"][ROW]["peers"]
    assert found["raw-c"]["status"] == "not available"
    assert found["raw-c"]["reason"]
    assert found["raw-python"]["status"] == "ok"


def test_a_side_runs_under_a_profiler(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    profiler = tmp_path / "profiler"
    profiler.write_text(f'#!/bin/sh\ntouch {mark}\nexec "$@"\n')
    profiler.chmod(0o755)
    arguments = ["--rows", ROW, "--peers", "raw-python", "--rounds", "1"]
    arguments += ["--json", str(tmp_path / "kept.json"), "--seconds", "0.02"]
    assert main([*arguments, "--under", str(profiler), "--side", "sender"]) == 0
    assert mark.exists()


def test_wrong_wishes_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--rows", "nothing/*"]) == 1
    assert main(["--peers", "nobody"]) == 1
    assert main(["--json", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "no such row" in said
    assert "nobody" in said
    assert "Is a directory" in said
