"""Compiles the workers that are written in C, once for each version of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from .missing import Missing, cache
from .process import here

FLAGS = ("-O2", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra")
LIBRARIES = ("-pthread", "-ldl")
COMPILERS = ("cc", "gcc", "clang")


def compiler() -> str:
    """The C compiler.  Raises Missing."""
    for name in (os.environ.get("CC", ""), *COMPILERS):
        if name and shutil.which(name):
            return name
    raise Missing("there is no C compiler: install gcc or clang")


def compiled(name: str) -> str:
    """The path of the program made from ``workers/NAME.c``.  Raises Missing."""
    cc, source = compiler(), here() / f"{name}.c"
    if not source.exists():
        raise Missing(f"{source} is not there")
    program = cache("programs") / f"{name}-{digest(cc)}"
    if program.exists():
        return str(program)
    made = program.with_suffix(f".{os.getpid()}")
    command = [cc, *FLAGS, "-o", str(made), str(source), *LIBRARIES]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"{source.name} does not compile: {done.stderr.strip()[:300]}")
    # Another run may be making the same; whoever is last wins, and nobody sees half.
    made.replace(program)
    return str(program)


def digest(cc: str) -> str:
    """What changes when a program would come out differently."""
    found = hashlib.sha256(" ".join((cc, *FLAGS, *LIBRARIES)).encode())
    for path in sorted([*here().glob("*.c"), *here().glob("*.h")]):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def libzmq() -> str:
    """The library that pyzmq's wheel carries.  Raises Missing."""
    spec = find_spec("zmq")
    if spec is None or not spec.origin:
        raise Missing("libzmq comes with pyzmq: pip install pyzmq")
    folder = Path(spec.origin).parents[1]
    found = sorted(folder.glob("pyzmq.libs/libzmq*.so*"))
    if not found:
        raise Missing(f"this pyzmq has no libzmq of its own in {folder}")
    return str(found[0])
