"""`install_as_zmq` and ``pymq run``, in processes where zmq is replaced."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commandline import HOME

from pymq import dropin

PATIENCE = 60  # seconds

SAME = """
import sys, zmq, zmq.asyncio, zmq.utils.z85, pymq.utils.z85, pymq.devices
import zmq.devices, zmq.backend, zmq.sugar.socket, zmq._future
from zmq.error import EINTR
assert zmq is pymq and zmq.asyncio is pymq.asyncio is sys.modules["pymq.asyncio"]
assert zmq.utils.z85 is pymq.utils.z85 and zmq.devices is pymq.devices
assert zmq.sugar.socket.Socket is zmq.Socket is zmq.backend.Socket
assert issubclass(zmq.asyncio.Socket, zmq.Socket)
for name in [name for name in sys.modules if name.startswith("zmq")]:
    ours = "pymq" + name[3:]
    assert sys.modules[name] is sys.modules[ours], name
    assert sys.modules[name].__spec__.name == ours, name
assert pymq.backend.get("pure").name == "pure"  # it is still our own
"""

VERSIONS = """
import zmq
from importlib.metadata import version, metadata
from packaging.version import Version
assert tuple(map(int, zmq.__version__.split("."))) >= (27, 3)
assert zmq.pyzmq_version_info() >= (14, 4) and zmq.zmq_version_info() >= (4, 3, 5)
assert version("pyzmq").endswith("+pymq") and "pymq" in metadata("pyzmq")["Summary"]
assert zmq.pymq_version() < zmq.pyzmq_version()
"""


def _python(
    *arguments: str, path: str = str(HOME), **more: str
) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONPATH": path, **more}
    variables.pop("PYMQ_TEST_INSTALLED", None)
    return subprocess.run(
        [sys.executable, *arguments],
        env=variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def _works(text: str) -> None:
    ended = _python("-W", "error", "-c", text)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.core
def test_modules_are_the_same_under_both_names() -> None:
    _works("import pymq; pymq.install_as_zmq()\n" + SAME)


def test_modules_loaded_before_are_the_same() -> None:
    loaded = "import pymq, pymq.asyncio, pymq.utils.monitor, pymq.devices"
    _works(f"{loaded}; pymq.install_as_zmq(); pymq.install_as_zmq()\n{SAME}")


def test_versions_satisfy_who_asks_and_say_what_it_is() -> None:
    pytest.importorskip("packaging")
    _works("import pymq; pymq.install_as_zmq()\n" + VERSIONS)


def test_who_has_another_zmq_keeps_it() -> None:
    _works(
        "import sys, types, pymq; sys.modules['zmq'] = other = types.ModuleType('zmq')"
        "\ntry: pymq.install_as_zmq()"
        "\nexcept ImportError as error: assert 'before install_as_zmq' in str(error)"
        "\nelse: raise AssertionError"
        "\nimport zmq; assert zmq is other"
    )


def test_what_is_in_neither_is_not_found() -> None:
    _works(
        "import pymq; pymq.install_as_zmq()"
        "\ntry: import zmq.backend.cython"
        "\nexcept ModuleNotFoundError as error: assert 'cython' in str(error)"
        "\nelse: raise AssertionError"
    )


CHILDREN = """
import multiprocessing, subprocess, sys

def file():
    import zmq
    return zmq.__file__

if __name__ == "__main__":
    import zmq
    assert sys.argv[1:] == ["-m", "--flag"], sys.argv
    line = "import zmq, zmq.utils.z85; print(zmq.__file__)"
    child = subprocess.run([sys.executable, "-c", line], stdout=-1, text=True)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print({zmq.__file__, child.stdout.strip(), pool.apply(file)})
"""


@pytest.mark.core
def test_run_reaches_children(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(CHILDREN)
    ended = _python("-m", "pymq", "run", str(script), "-m", "--flag")
    assert ended.stdout.strip() == f"{{{str(HOME / 'pymq' / '__init__.py')!r}}}", ended


def test_run_a_module() -> None:
    ended = _python("-m", "pymq", "run", "-m", "zmq.log", "--help")
    assert "PUBHandler" in ended.stdout, ended
    ended = _python("-m", "pymq", "run", "-m", "zmq.no_such_module")
    assert ended.returncode == 1 and "zmq.no_such_module" in ended.stderr


def test_run_nothing() -> None:
    ended = _python("-m", "pymq", "run")
    assert ended.returncode == 2 and "usage: pymq run" in ended.stderr
    ended = _python("-m", "pymq", "run", "--help")
    assert ended.returncode == 0 and "usage: pymq run" in ended.stdout


def test_a_python_without_pymq_has_its_own_zmq(tmp_path: Path) -> None:
    package = tmp_path / "zmq"
    package.mkdir()
    (package / "__init__.py").write_text("name = 'its own'")
    (package / "part.py").touch()
    path = os.pathsep.join([str(dropin.SHIM), str(tmp_path)])
    text = "import sys; sys.modules['pymq'] = None; import zmq.part; print(zmq.name)"
    ended = _python("-c", text, path=path)
    assert ended.stdout.strip() == "its own", ended.stderr


def test_the_environment_keeps_what_was_on_the_path() -> None:
    found = dropin.environment({"PYTHONPATH": "/somewhere", "OTHER": "1"})
    entries = found["PYTHONPATH"].split(os.pathsep)
    assert entries[:2] == [str(dropin.SHIM), "/somewhere"]
    assert found["OTHER"] == "1"
