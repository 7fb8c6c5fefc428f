"""Using pymq in the place of pyzmq, in one process or in a family of processes.

``sys.modules["zmq"] = pymq`` would not be enough: ``import zmq.asyncio`` would find the
file through the package's path, and load it a second time.
"""

from __future__ import annotations

import os
import site
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PathDistribution
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Iterable, Mapping, Union

HOME = Path(__file__).parent
SHIM = HOME / "shim"
_OURS, _THEIRS = "pymq", "zmq"


def install_as_zmq() -> None:
    """Make ``import zmq`` give pymq in this process.

    ``import zmq.x`` then gives the same module object as ``import pymq.x``, and
    `importlib.metadata` finds a pyzmq whose version ends in ``+pymq``.  For child
    processes see ``pymq run``.

    Idempotent.  ImportError if another zmq was imported already: whoever has it keeps
    it.
    """
    _refuse_foreigners()
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    for name, module in list(sys.modules.items()):
        if name == _OURS or name.startswith(f"{_OURS}."):
            sys.modules[_THEIRS + name[len(_OURS) :]] = module


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return `variables` with which a Python process imports pymq as zmq.

    So do its children, and theirs.
    """
    wanted = [str(SHIM), variables.get("PYTHONPATH", "")]
    if str(HOME.parent) not in [*site.getsitepackages(), site.getusersitepackages()]:
        wanted.append(str(HOME.parent))  # a checkout
    path = os.pathsep.join(entry for entry in wanted if entry)
    return {**variables, "PYTHONPATH": path}


def _refuse_foreigners() -> None:
    for name, module in list(sys.modules.items()):
        if name != _THEIRS and not name.startswith(f"{_THEIRS}."):
            continue
        if module is not sys.modules.get(_ours(name)):
            where = getattr(module, "__file__", None) or "somewhere"
            raise ImportError(
                f"{name} was imported from {where} before install_as_zmq was called"
            )


def _ours(name: str) -> str:
    return _OURS + name[len(_THEIRS) :]


class _Finder(MetaPathFinder):
    """Finds zmq, the modules in it, and the distribution called pyzmq."""

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> Union[ModuleSpec, None]:
        if fullname != _THEIRS and not fullname.startswith(f"{_THEIRS}."):
            return None
        found = find_spec(_ours(fullname))
        if found is None:
            return None
        spec = ModuleSpec(fullname, _Alias(found), origin=found.origin)
        spec.submodule_search_locations = found.submodule_search_locations
        spec.has_location = found.has_location
        return spec

    def find_distributions(self, context: Any = None) -> Iterable[PathDistribution]:
        if context is None or context.name is None or context.name.lower() == "pyzmq":
            yield from map(PathDistribution, SHIM.glob("pyzmq-*.dist-info"))


class _Alias(Loader):
    """Loads a module of pymq under its name in zmq."""

    def __init__(self, found: ModuleSpec) -> None:
        self._found = found

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        __import__(self._found.name)
        return sys.modules[self._found.name]

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._found  # importlib has put the alias's there

    def get_code(self, fullname: str) -> CodeType:
        """What ``python -m zmq.log`` runs."""
        code: CodeType = self._found.loader.get_code(self._found.name)  # type: ignore
        return code
