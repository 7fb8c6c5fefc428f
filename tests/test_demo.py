"""``pymq demo`` on a small tree: every pair, every digest, and what failure does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import environment, run
from library import Library

from pymq import demo
from pymq.cli import demo as shown
from pymq.cli import exits

ours = pytest.mark.only("pymq")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files of awkward sizes and names, one folder deep and two."""
    root = tmp_path / "tree"
    (root / "deep").mkdir(parents=True)
    (root / "empty").write_bytes(b"")
    (root / "small").write_bytes(bytes(range(256)))
    (root / "one frame").write_bytes(b"x" * demo.FRAME)
    (root / "more").write_bytes(b"y" * (2 * demo.FRAME + 1))
    (root / "deep" / "n\u00e4me").write_bytes(b"\0")
    return root


def test_an_empty_file_has_a_frame(tree: Path) -> None:
    files = demo.choose(tree, 1)
    found = {frames[0]: frames[1:] for frames in demo.messages(tree, files)}
    assert found[b"empty"] == [b""]
    assert [len(frame) for frame in found[b"more"]] == [demo.FRAME, demo.FRAME, 1]
    assert len(found) == 5


def test_the_limit_holds(tree: Path) -> None:
    files = demo.choose(tree, 0.001)
    assert sorted(path.name for path in files) == ["empty", "n\u00e4me", "small"]


def test_every_ordered_pair_is_there() -> None:
    wanted = demo.transfers(["native", "pure"])
    assert ("native", "pure", "tcp") in wanted
    assert ("pure", "native", "ipc") in wanted
    assert ("pure", "pure", "inproc") in wanted
    assert ("pure", "native", "inproc") not in wanted
    assert len(wanted) == len(set(wanted)) == 2 * 4 + 2


@ours
@pytest.mark.core
def test_demo_moves_the_tree(zmq: Library, tree: Path) -> None:
    pytest.importorskip("typer")
    code, out, err = run(zmq, "demo", str(tree))
    text = out.decode()
    assert (code, err) == (exits.OK, "")
    wanted = len(demo.transfers(demo.implementations()[0]))
    assert text.count("equal") == wanted + 1
    assert f"{wanted} of {wanted} transfers equal" in text
    assert text.startswith("5 files, 0.2 MB")


@ours
def test_demo_needs_neither_typer_nor_rich(zmq: Library, tree: Path) -> None:
    code = (
        "import sys; sys.modules['typer'] = sys.modules['rich'] = None;"
        "from pymq.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "demo", str(tree), "--limit", "0.001"],
        cwd=zmq.folder,
        env=environment(zmq.tag),
        capture_output=True,
        text=True,
    )
    assert done.returncode == exits.OK, done.stderr
    assert done.stdout.startswith("3 files")
    assert "transfers equal" in done.stdout


def rows(*verdicts: str) -> Iterator[demo.Row]:
    """Rows as `matrix` would give them."""
    report = demo.Report(1, 10, 0.5, "00")
    for verdict in verdicts:
        seen = report if verdict in ("equal", "DIFFERENT") else None
        yield demo.Row("pure", "pure", "tcp", seen, verdict)


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["equal", "equal", "equal"], exits.OK),
        (["equal", "DIFFERENT", "equal"], exits.ERROR),
        (["equal", "ZMQError: gone"], exits.ERROR),
        ([], exits.ERROR),
    ],
)
def test_anything_but_equal_fails(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tree: Path,
    verdicts: list[str],
    code: int,
) -> None:
    monkeypatch.setattr(demo, "implementations", lambda: (["pure"], {}))
    monkeypatch.setattr(demo, "matrix", lambda *_: rows(*verdicts))
    assert shown.run(tree, 1) == code
    out = capsys.readouterr().out
    assert all(verdict in out for verdict in verdicts)


def test_a_transfer_that_breaks_is_a_row(tree: Path) -> None:
    found = list(demo.matrix(tree, demo.choose(tree, 1), ["no such backend"]))
    assert len(found) == 1
    assert found[0].report is None
    assert "backend" in found[0].verdict
