"""Imports go one way: a module may import its own layer and those below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import pymq

ROOT = Path(pymq.__file__).parent

# From the top down, a layer a line.  A name stands for the module or everything in the
# package; `__init__` for pymq itself.
LAYERS = """
__init__ __main__ anyio asyncio auth bench cli curve_keygen decorators demo devices \
    eventloop green log ssh sugar utils
shim
dropin
reference
context proxies way _future
_awaited _messages
_waiting
socket readiness poller curve
endpoints settings context_options
monitored overflow peers requests subscriptions
socket_state
frame tracker payload attributes generics
session
control patterns monitor level attendant pauses
transports options
security_options
option properties
backend endpoint
applicant
zmtp
threads
meeting
z85 drain deadline exits inherited once shadow timer watch turn
changed
error
naps
constants version loading
"""
RANK = {
    name: rank
    for rank, layer in enumerate(LAYERS.strip().splitlines())
    for name in layer.split()
}


def _modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


def _imports(path: Path) -> set[str]:
    """What a module imports from pymq when it runs, by the name of its layer."""
    found = set()
    package = ("pymq", *path.relative_to(ROOT).parts[:-1])
    for node in _running(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            names = [[*base, alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        else:
            continue
        found |= {name[1] for name in names if name[0] == "pymq" and len(name) > 1}
    return {name for name in found if name in RANK}


def _running(tree: ast.AST) -> list[ast.AST]:
    """Every node that is not only there for type checkers."""
    nodes: list[ast.AST] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        nodes += [node, *_running(node)]
    return nodes


def test_each_has_one_layer() -> None:
    assert len(LAYERS.split()) == len(RANK)
    assert {_name(path) for path in _modules()} <= set(RANK)


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    own = _name(path)
    for other in _imports(path):
        assert RANK[other] >= RANK[own], f"{own} imports {other}"


def test_zmtp_does_no_input_or_output() -> None:
    for path in (ROOT / "zmtp").rglob("*.py"):
        for node in _running(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    assert alias.name not in ("socket", "threading", "time", "os")
