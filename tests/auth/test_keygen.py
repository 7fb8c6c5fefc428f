"""Keys from the shell."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Optional

import pytest
from authlib import needs_curve
from commandline import environment
from library import Library

import pymq
from pymq.auth import key, load_certificate

PUBLIC, SECRET = (
    "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
    "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
)


def run(
    folder: Any, *command: str, said: str = "", code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run a module of Python."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        input=said,
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment("pure"),
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done
    return done


def shown(text: str) -> tuple[str, str]:
    """The keys in what is printed for people."""
    lines = text.splitlines()
    assert (lines[0], lines[3]) == ("== CURVE PUBLIC KEY ==", "== CURVE SECRET KEY ==")
    assert (lines[2], len(lines)) == ("", 5)
    return lines[1], lines[4]


@needs_curve
def test_the_module(zmq: Library, tmp_path: Path) -> None:
    if zmq.tag == "pure":
        pytest.skip("no socket is made: it is the same as with native")
    module = f"{zmq.implementation.module.__name__}.curve_keygen"
    public, secret = shown(run(tmp_path, module).stdout)
    assert pymq.curve_public(secret.encode()) == public.encode()
    known = shown(run(tmp_path, module, "--secret", SECRET).stdout)
    assert known == (PUBLIC, SECRET)
    found = json.loads(run(tmp_path, module, "--json", "--secret", SECRET).stdout)
    assert found == {"public": PUBLIC, "secret": SECRET}
    run(tmp_path, module, "--secret", "short", code=1)


@needs_curve
@pytest.mark.parametrize("name", ["keygen", "curve_keygen"])
def test_a_secret_that_no_list_of_processes_shows(tmp_path: Path, name: str) -> None:
    command = ("pymq.curve_keygen",) if name == "curve_keygen" else ("pymq", name)
    done = run(tmp_path, *command, "--secret", "-", said=SECRET + "\n")
    assert shown(done.stdout) == (PUBLIC, SECRET)
    done = run(tmp_path, *command, "--secret", "-", said="shortish\n", code=1)
    assert "40 byte" in done.stderr
    assert "shortish" not in done.stderr
    assert "Traceback" not in done.stderr


@needs_curve
def test_the_command(tmp_path: Path) -> None:
    public, secret = shown(run(tmp_path, "pymq", "keygen").stdout)
    assert pymq.curve_public(secret) == public.encode()
    found = json.loads(run(tmp_path, "pymq", "keygen", "--json").stdout)
    assert pymq.curve_public(found["secret"]) == found["public"].encode()
    help_text = run(tmp_path, "pymq", "keygen", "--help").stdout
    assert "--to" in help_text


@needs_curve
def test_files(tmp_path: Path) -> None:
    done = run(tmp_path, "pymq", "keygen", "--to", "joe")
    public, secret = load_certificate(tmp_path / "joe.key_secret")
    assert secret is not None
    assert pymq.curve_public(secret) == public == key(file=tmp_path / "joe.key")
    assert secret.decode() not in done.stdout
    assert "joe.key_secret" in done.stdout
    mode: Optional[int] = stat.S_IMODE((tmp_path / "joe.key_secret").stat().st_mode)
    assert mode == 0o600
    done = run(tmp_path, "pymq", "keygen", "--to", "none/joe", code=1)
    assert "none" in done.stderr
    run(tmp_path, "pymq", "keygen", "--to", "joe", "--json", code=2)
