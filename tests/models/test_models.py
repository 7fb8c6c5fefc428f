"""The models of docs/models: spin finds no fault, and every fault that is put in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

MODELS = Path(__file__).parents[2] / "docs" / "models"
SECONDS = 100

# What each model is checked with: all of it, and what takes little.
WHOLE = [
    ("handover.pml", ()),
    ("ownership.pml", ()),
]
SMALL = [
    ("handover.pml", ("-DN=2",)),
    ("handover.pml", ("-DHOME",)),
    ("ownership.pml", ("-DWAITS=1", "-DSENDS=0")),
    ("drain.pml", ()),
]
ENGINE_READS = {"CLOSED_LAST"}  # faults of the reader that -DHOME has


def _mutations() -> list[tuple[str, str]]:
    return [
        (path.name, name)
        for path in sorted(MODELS.glob("*.pml"))
        for name in sorted(set(re.findall(r"MUTATE_(\w+)", path.read_text())))
    ]


pytestmark = [
    pytest.mark.skipif(
        not (shutil.which("spin") and shutil.which("gcc")), reason="no spin, or no gcc"
    ),
    pytest.mark.skipif(
        os.environ.get("PYMQ_BACKEND") == "pure", reason="the models are of the C core"
    ),
]


def _check(folder: Path, model: str, *defines: str, optimise: str = "-O0") -> str:
    """What the verifier that spin makes of a model says."""
    make = ["spin", "-a", *defines, str(MODELS / model)]
    subprocess.run(make, cwd=folder, check=True, capture_output=True, timeout=SECONDS)
    build = ["gcc", optimise, "-w", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"]
    subprocess.run(build, cwd=folder, check=True, timeout=SECONDS)
    done = subprocess.run(
        ["./pan", "-m100000"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "max search depth too small" not in done.stdout, done.stdout
    return done.stdout


@pytest.mark.parametrize(("model", "defines"), SMALL)
def test_no_fault(tmp_path: Path, model: str, defines: tuple[str, ...]) -> None:
    said = _check(tmp_path, model, *defines)
    assert "errors: 0" in said, said


@pytest.mark.slow
@pytest.mark.parametrize(("model", "defines"), WHOLE)
def test_no_fault_at_all(tmp_path: Path, model: str, defines: tuple[str, ...]) -> None:
    said = _check(tmp_path, model, *defines, optimise="-O2")
    assert "errors: 0" in said, said


@pytest.mark.parametrize(("model", "mutation"), _mutations())
def test_a_fault_is_found(tmp_path: Path, model: str, mutation: str) -> None:
    defines = ["-DHOME"] if mutation in ENGINE_READS else []
    said = _check(tmp_path, model, f"-DMUTATE_{mutation}", *defines)
    assert "assertion violated" in said, said
