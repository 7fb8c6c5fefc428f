"""``pymq info``: what is installed, what is in use, and why."""

from __future__ import annotations

import json
import pkgutil
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import pymq
import pymq.patterns
import pymq.transports
import pymq.zmtp.mechanisms
from pymq import backend

from . import exits

HOME = Path(pymq.__file__).parent


def show() -> int:
    """Print everything that `facts` knows; the exit code."""
    for name, value in facts().items():
        print(f"{name + ':':<12} {value}")
    return exits.OK


def facts() -> dict[str, str]:
    """What there is to know, in the order in which it is read."""
    fault = native_fault()
    return {
        "pymq": f"{pymq.pymq_version()} in {HOME}, as pyzmq {pymq.__version__}",
        "backend": _backend(),
        "native": f"no: {fault}" if fault else "yes",
        "build": _build(),
        "sockets": " ".join(_files(pymq.patterns)).upper(),
        "transports": " ".join(sorted(["inproc", *pymq.transports.schemes()])),
        "mechanisms": " ".join(_files(pymq.zmtp.mechanisms)).upper(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cffi": _version("cffi"),
        "pyzmq": _version("pyzmq"),
        "platform": platform.platform(),
    }


def native_fault() -> str:
    """Why the C core cannot be used; empty if it can."""
    try:
        backend.get("native")
    except ImportError:
        return str(record().get("reason") or backend.native_error)
    return ""


def record() -> dict[str, Any]:
    """What the build wrote down (see ``build_ffi.py``); empty in a source tree."""
    try:
        text = (HOME / "_build.json").read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(json.loads(text))


def _backend() -> str:
    try:
        return pymq.backend_name()
    except (ImportError, ValueError) as error:
        return f"none: {error}"


def _build() -> str:
    found = record()
    if not found:
        return "unknown (not installed from a wheel)"
    abi = ", for any CPython from 3.9" if found["limited_api"] else ""
    kind = "C core" if found["native"] else "pure Python"
    return f"{kind}{abi}, on {found['python']}, {found['platform']}"


def _files(package: ModuleType) -> list[str]:
    """The nouns of a package that has one file for each."""
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
