"""Keys from the shell."""

from __future__ import annotations

import io
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
from authlib import needs_curve
from commandline import environment
from library import Library

import pymq
from pymq import cli, curve_keygen
from pymq.auth import key, load_certificate
from pymq.zmtp import sodium

Keygen = Callable[..., tuple[int, str, str]]

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
    module = f"{zmq.implementation.module.__name__}.curve_keygen"
    public, secret = shown(run(tmp_path, module).stdout)
    assert pymq.curve_public(secret.encode()) == public.encode()
    found = json.loads(run(tmp_path, module, "--json", "--secret", SECRET).stdout)
    assert found == {"public": PUBLIC, "secret": SECRET}
    assert f"python3 -m {module}" in run(tmp_path, module, "--help").stdout


@needs_curve
def test_the_command(tmp_path: Path) -> None:
    public, secret = shown(run(tmp_path, "pymq", "keygen").stdout)
    assert pymq.curve_public(secret) == public.encode()
    done = run(tmp_path, "pymq", "keygen", "--to", "none/joe", code=1)
    assert "none" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(params=["module", "command", "plain"])
def keygen(
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Keygen:
    """The ways to it, in this process: the module, the command, and that without the
    extra `cli`."""

    def call(*arguments: str, said: str = "") -> tuple[int, str, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "stdin", io.StringIO(said))
        monkeypatch.setattr(sys, "argv", ["pymq", "keygen", *arguments])
        with pytest.raises(SystemExit) as caught:
            if request.param == "module":
                sys.exit(curve_keygen.main(arguments, "keygen"))
            cli.main()
        code = caught.value.code
        return (int(code or 0), *capsys.readouterr())

    if request.param == "plain":
        monkeypatch.setattr(cli, "find_spec", lambda name: None)
    return call


@needs_curve
def test_a_secret_that_no_list_of_processes_shows(keygen: Keygen) -> None:
    code, out, _ = keygen("--secret", "-", said=SECRET + "\n")
    assert (code, shown(out)) == (0, (PUBLIC, SECRET))
    code, out, err = keygen("--secret", "-", said="shortish\n")
    assert (code, out) == (1, "")
    assert "40 byte" in err
    assert "shortish" not in err


@needs_curve
def test_json(keygen: Keygen) -> None:
    code, out, _ = keygen("--json", "--secret", SECRET)
    assert (code, json.loads(out)) == (0, {"public": PUBLIC, "secret": SECRET})


@needs_curve
def test_files(keygen: Keygen, tmp_path: Path) -> None:
    code, out, _ = keygen("--to", "joe")
    assert (code, out.split()) == (0, ["joe.key", "joe.key_secret"])
    public, secret = load_certificate(tmp_path / "joe.key_secret")
    assert secret is not None
    assert pymq.curve_public(secret) == public == key(file=tmp_path / "joe.key")
    assert stat.S_IMODE((tmp_path / "joe.key_secret").stat().st_mode) == 0o600
    for other in (["--json"], ["--secret", SECRET]):
        assert keygen("--to", "joe", *other)[0] == 2


@pytest.mark.core
def test_without_pynacl(keygen: Keygen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sodium, "available", lambda: False)
    for arguments in ([], ["--to", "joe"], ["--secret", SECRET]):
        code, out, err = keygen(*arguments)
        assert (code, out) == (1, "")
        assert "pip install pymq[curve]" in err
