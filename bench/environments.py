"""Other interpreters: finds them, and makes each a virtual environment, once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Iterator, NamedTuple

from .missing import Missing, cache

#: Where pymq is imported from by the interpreter that runs the benchmark.
HOME = Path(str(getattr(find_spec("pymq"), "origin", __file__))).parents[1]

PROBE = "import platform as p; print(p.python_implementation(), p.python_version())"
#: Names to look for on PATH and in pyenv, by place, the best first.
NAMES = {
    "python3.12+": ("python3.13", "python3.14", "python3.12"),
    "pypy": ("pypy3", "pypy3.11", "pypy3.10"),
}


class Interpreter(NamedTuple):
    """A Python, and what it is."""

    path: str
    implementation: str
    version: str

    def fits(self, place: str) -> bool:
        """Whether it is one that a place wants."""
        if place == "pypy":
            return self.implementation == "PyPy"
        number = tuple(int(part) for part in self.version.split(".")[:2])
        return self.implementation == "CPython" and number >= (3, 12)


class Environment(NamedTuple):
    """A Python with packages, and what PYTHONPATH it needs to find pymq."""

    python: str
    path: str


def probe(path: str) -> Interpreter:
    """Ask a Python what it is.  Raises OSError or ValueError."""
    done = subprocess.run([path, "-c", PROBE], capture_output=True, text=True)
    implementation, version = done.stdout.split()
    return Interpreter(path, implementation, version)


def candidates(place: str) -> Iterator[str]:
    """Paths that may be such a Python."""
    for name in NAMES[place]:
        found = shutil.which(name)
        if found:
            yield found
        prefix = name.replace("python", "") + ("" if place == "pypy" else ".")
        versions = Path.home() / ".pyenv" / "versions"
        for folder in sorted(versions.glob(f"{prefix}*"), reverse=True):
            yield str(folder / "bin" / "python")


@lru_cache(None)
def find(place: str, given: tuple[str, ...]) -> Interpreter:
    """The Python of a place; those that were given come first.  Raises Missing."""
    for path in (*given, *candidates(place)):
        try:
            found = probe(path)
        except (OSError, ValueError):
            continue
        if found.fits(place):
            return found
    raise Missing(f"no interpreter for {place}: give one with --python")


@lru_cache(None)
def environment(place: str, given: tuple[str, ...]) -> Environment:
    """Where to run the peers of a place; "" is this interpreter.  Raises Missing."""
    if not place:
        return Environment(sys.executable, str(HOME))
    found = find(place, given)
    folder = cache(f"{found.implementation}-{found.version}")
    python = folder / "bin" / "python"
    if not python.exists():
        run(found.path, "-m", "venv", str(folder))
    if found.implementation == "PyPy" and (HOME / "build_ffi.py").exists():
        install_pymq(str(python), folder)
        return Environment(str(python), "")
    require(place, given, "cffi", str(python))
    return Environment(str(python), str(linked()))


def require(place: str, given: tuple[str, ...], package: str, python: str = "") -> None:
    """Have a package in a place; pip is asked once.  Raises Missing."""
    python = python or environment(place, given).python
    module = {"pyzmq": "zmq"}.get(package, package)
    if place and not imports(python, module):
        pip(python, "--only-binary", ":all:", package)
    if not imports(python, module):
        raise Missing(f"{module} cannot be imported: pip install {package}")


@lru_cache(None)
def imports(python: str, module: str) -> bool:
    """Whether an interpreter has a module."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", code]).returncode == 0


def install_pymq(python: str, folder: Path) -> None:
    """Build pymq from the checkout, unless that has been done with these sources."""
    stamp, now = folder / "pymq-sources", sources()
    if stamp.exists() and stamp.read_text() == now:
        return
    pip(python, "--no-deps", "--force-reinstall", str(HOME), PYMQ_NATIVE="1")
    stamp.write_text(now)


def sources() -> str:
    """A digest of everything that pymq is built from."""
    found = hashlib.sha256()
    for pattern in ("csrc/*.[ch]", "pymq/**/*.py", "build_ffi.py"):
        for path in sorted(HOME.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()


def linked() -> Path:
    """A folder with nothing but pymq, for interpreters that share its binary.

    Beside it in HOME may be packages of this interpreter, which those cannot use.
    """
    key = hashlib.sha256(str(HOME).encode()).hexdigest()[:12]
    folder = cache("links", key)
    if not (folder / "pymq").is_symlink():
        (folder / "pymq").symlink_to(HOME / "pymq")
    return folder


def pip(python: str, *arguments: str, **variables: str) -> None:
    """Install, with more environment.  Raises Missing with pip's complaint."""
    imports.cache_clear()
    run(python, "-m", "pip", "install", "-q", *arguments, **variables)


def run(*command: str, **variables: str) -> None:
    """Raises Missing."""
    everything = {**os.environ, **variables}
    done = subprocess.run(command, env=everything, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "rror" in line]
        raise Missing(f"{' '.join(command)}: {(lines or ['failed'])[0][:200]}")
