"""Runs pyzmq's own tests, unmodified, on pymq, and beside that on pyzmq itself.

    python suite.py native|pure [arguments of pytest]

The tests are those of pyzmq's source distribution, which pip downloads.  They have
fixed ports, so that only one such run goes on at a time, machine-wide.  Fails if a test
has another outcome than on pyzmq, unless `remainder` says why; and, the other way
round, if one passes that should not.  Where pyzmq itself is not installed, none may
fail but those.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path

from remainder import ALWAYS, RACES, WITHOUT_CORE

import pymq
from pymq import dropin

HERE = Path(__file__).parent
CACHE = Path(tempfile.gettempdir()) / f"pymq-upstream-{os.getuid()}"
VERSION = pymq.pyzmq_version()
LIMIT = 900  # seconds for a run
OPTIONS = (
    "-q",
    "-p no:cacheprovider",
    "-p suite_guard",
    "--timeout 120",
    "-m 'not large'",  # those want gigabytes of memory
    "--durations 1",
    "--disable-warnings",
    f"--deselect tests/{RACES}",
)
Outcomes = dict[str, str]


def download() -> Path:
    """The source distribution."""
    name = f"pyzmq-{VERSION}.tar.gz"
    if not (CACHE / name).exists():
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
        source = ["--no-binary", ":all:", "-d", str(CACHE), f"pyzmq=={VERSION}"]
        subprocess.run([*pip, *source], check=True)
    return CACHE / name


def unpack(archive: Path, folder: Path) -> None:
    """Its tests and their configuration; nothing of the package, or it would be
    imported."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            _, _, path = member.name.partition("/")
            if path == "pytest.ini" or path.startswith("tests/"):
                stream = tar.extractfile(member) if member.isfile() else None
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if stream is not None:
                    target.write_bytes(stream.read())


def run(tag: str, folder: Path, arguments: list[str]) -> Outcomes:
    """What comes of each test on an implementation."""
    variables = dict(os.environ)
    for name in ("PYTHONPATH", "PYMQ_BACKEND"):
        variables.pop(name, None)
    if tag != "pyzmq":
        variables = {**dropin.environment(variables), "PYMQ_BACKEND": tag}
    path = [variables.get("PYTHONPATH", ""), str(HERE)]
    variables["PYTHONPATH"] = os.pathsep.join(entry for entry in path if entry)
    report = folder / f"{tag}.json"
    variables.update(SUITE_ZMQ=tag, SUITE_REPORT=str(report))
    options = [word.strip("'") for option in OPTIONS for word in option.split(" ", 1)]
    command = [sys.executable, "-m", "pytest", *options, *arguments]
    print(f"== pyzmq {VERSION}'s tests on {tag}", flush=True)
    subprocess.run(command, cwd=folder, env=variables, timeout=LIMIT)
    found: Outcomes = json.loads(report.read_text())
    return {name.partition("tests/")[2]: outcome for name, outcome in found.items()}


def expected(tag: str) -> dict[str, str]:
    """What does not pass, and why."""
    lends = pymq.backend.exporter() is not None or sys.version_info >= (3, 12)
    return ALWAYS if lends else {**ALWAYS, **WITHOUT_CORE}


def differences(tag: str, ours: Outcomes, theirs: Outcomes) -> list[str]:
    """What is not as it should be, in words."""
    reasons = expected(tag)
    wrong = []
    for name in sorted({*ours, *theirs}):
        here = ours.get(name, "not there")
        there = theirs.get(name, "not there") if theirs else ""
        if name in reasons:
            if here == "passed" and there != "passed":
                wrong.append(f"{name}: passes, take it off the list")
        elif here == "failed" or (there and here != there):
            wrong.append(f"{name}: {here}; on pyzmq {there or 'unknown'}")
    return wrong


def show(tag: str, outcomes: Outcomes) -> None:
    """The counts."""
    count = Counter(outcomes.values())
    words = ", ".join(
        f"{count[word]} {word}" for word in ("passed", "failed", "skipped")
    )
    print(f"{tag:>8}: {words}")


def main() -> int:
    """Run; the exit code."""
    tag, *arguments = sys.argv[1:]
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / "lock", "w") as lock, tempfile.TemporaryDirectory() as name:
        fcntl.flock(lock, fcntl.LOCK_EX)
        unpack(download(), Path(name))
        ours = run(tag, Path(name), arguments)
        installed = importlib.util.find_spec("zmq") is not None
        theirs = run("pyzmq", Path(name), arguments) if installed else {}
    show(tag, ours)
    if theirs:
        show("pyzmq", theirs)
    reasons = expected(tag)
    for test, outcome in sorted(ours.items()):
        if test in reasons and outcome != "passed":
            print(f"{outcome}: {test}: {reasons[test]}")
    wrong = differences(tag, ours, theirs)
    print("\n".join(wrong) or "every other test as on pyzmq")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
