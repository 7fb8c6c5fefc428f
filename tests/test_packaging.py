"""What is installed, and (``tox -e build``) every way in which it is built."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = ("pyproject.toml", "build_ffi.py", "README.md", "LICENSE", "tox.ini")
FOLDERS = ("csrc", "pymq", "tests", "docs")
BUILT = shutil.ignore_patterns("*.so", "__pycache__")

installed = pytest.mark.skipif(
    not os.environ.get("PYMQ_TEST_INSTALLED"), reason="pymq is not installed (see tox)"
)
builds = pytest.mark.skipif(
    not os.environ.get("PYMQ_TEST_BUILD"), reason="slow: only in tox -e build"
)


# -- what is installed -------------------------------------------------------------


@installed
@pytest.mark.core
def test_the_installed_package_is_under_test() -> None:
    import pymq

    assert not Path(pymq.__file__).is_relative_to(ROOT / "pymq")


@pytest.mark.core
def test_the_version_is_the_same_everywhere() -> None:
    pymq = pytest.importorskip("pymq")
    try:
        found = metadata("pymq")
    except PackageNotFoundError:
        pytest.skip("not installed")
    assert found["Version"] == pymq.pymq_version()
    assert found["License-Expression"] == "BSD-3-Clause"


@installed
@pytest.mark.core
def test_the_backend_is_the_one_that_was_built() -> None:
    import pymq

    assert pymq.backend_name() == os.environ.get("PYMQ_BACKEND", "native")


def test_ci_runs_the_command_of_the_readme() -> None:
    readme, ci = ROOT / "README.md", ROOT / ".ci" / "run"
    if not ci.exists():
        pytest.skip("not a checkout")
    lines = [
        line for line in ci.read_text("utf-8").splitlines() if "pip install" in line
    ]
    assert any(line.strip() in readme.read_text("utf-8") for line in lines)


# -- every way to build it ---------------------------------------------------------


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the source tree, to build from and to break."""
    copy = tmp_path / "tree"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, copy / name, ignore=BUILT)
    for name in FILES:
        shutil.copy(ROOT / name, copy)
    return copy


def build(tree: Path, **variables: str) -> tuple[Path, str]:
    """Build a wheel as pip would: the wheel, and what the build has said.

    Raises CalledProcessError with its output.
    """
    out = tree.parent / "wheels"
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", out, tree],
        env={**os.environ, **variables},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    (wheel,) = out.iterdir()
    return wheel, done.stdout


def record(wheel: Path) -> dict[str, object]:
    """What the wheel says of how it was built."""
    with zipfile.ZipFile(wheel) as archive:
        return dict(json.loads(archive.read("pymq/_build.json")))


def extensions(wheel: Path) -> list[str]:
    """Compiled modules in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if name.endswith(".so")]


def installed_in(venv: Path, wheel: Path) -> str:
    """Install into a new environment; what ``pymq info`` says, elsewhere."""
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([venv / "bin/pip", "install", "-q", wheel], check=True)
    elsewhere = venv.parent / "elsewhere"
    elsewhere.mkdir()
    return subprocess.run(
        [venv / "bin/pymq", "info"],
        cwd=elsewhere,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def compiler(tmp_path: Path, script: str) -> str:
    """A C compiler that is a shell script."""
    path = tmp_path / "cc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


NO_PYTHON_H = """
for last; do case "$last" in
*python.c) echo "python.c:1:10: fatal error: Python.h: no such file" >&2; exit 1;;
esac; done
exec gcc "$@"
"""


@builds
def test_with_a_compiler_there_is_a_c_core(tree: Path, tmp_path: Path) -> None:
    wheel, _ = build(tree)
    assert wheel.name.endswith("-cp39-abi3-linux_x86_64.whl") or "linux" in wheel.name
    assert extensions(wheel) == ["pymq/_core.abi3.so"]
    assert record(wheel)["native"] is True
    told = installed_in(tmp_path / "venv", wheel)
    assert "backend:     native" in told
    assert "build:       C core" in told
    assert not (tree / "build").exists()


@builds
def test_the_sdist_is_enough(tree: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", str(tree)]
    # Not even a machine without a compiler may leave the C core out.
    subprocess.run(
        [*command, "-o", str(tmp_path)],
        env={**os.environ, "PYMQ_PURE": "1"},
        check=True,
    )
    (archive,) = tmp_path.glob("pymq-*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path)
    wheel, _ = build(tmp_path / archive.name.replace(".tar.gz", ""), PYMQ_NATIVE="1")
    assert extensions(wheel) == ["pymq/_core.abi3.so"]


@builds
def test_pure_on_demand(tree: Path, tmp_path: Path) -> None:
    wheel, said = build(tree, PYMQ_PURE="1")
    assert wheel.name.endswith("-py3-none-any.whl")
    assert extensions(wheel) == []
    assert "WITHOUT its C core" in said
    told = installed_in(tmp_path / "venv", wheel)
    assert "backend:     pure" in told
    assert "native:      no: PYMQ_PURE was set" in told


@builds
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 1", "no C compiler works"),
        (NO_PYTHON_H, "Python.h is missing"),
    ],
    ids=["no compiler", "no Python.h"],
)
def test_without_a_compiler_it_is_pure_and_says_so(
    tree: Path, tmp_path: Path, script: str, reason: str
) -> None:
    wheel, said = build(tree, CC=compiler(tmp_path, script))
    assert wheel.name.endswith("-py3-none-any.whl")
    assert reason in said
    assert reason in str(record(wheel)["reason"])


@builds
def test_native_on_demand_needs_a_compiler(tree: Path, tmp_path: Path) -> None:
    cc = compiler(tmp_path, "exit 1")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        build(tree, CC=cc, PYMQ_NATIVE="1")
    assert "PYMQ_NATIVE is set, but no C compiler works" in caught.value.output


@builds
@pytest.mark.parametrize("name", ["hub.c", "pymq.h", "gil.h"])
def test_broken_c_never_passes_for_pure(tree: Path, name: str) -> None:
    path = tree / "csrc" / name
    path.write_text(path.read_text() + "\nint broken = ;\n")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        build(tree)
    assert "WITHOUT its C core" not in caught.value.output


@builds
def test_contradictory_wishes_are_refused(tree: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        build(tree, PYMQ_PURE="1", PYMQ_NATIVE="1")
    assert "exclude each other" in caught.value.output
