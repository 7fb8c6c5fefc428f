"""Files with keys: what one implementation writes, every one reads."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import authlib
import pytest
from authlib import needs_curve
from library import Library

import pymq.auth
from pymq import z85


def read_by_all(name: Path) -> list[Any]:
    """What each loader finds."""
    found = [pymq.auth.load_certificate(name)]
    try:
        from zmq.auth import load_certificate
    except ImportError:
        return found
    return [*found, load_certificate(name)]


@pytest.mark.core
@needs_curve
@pytest.mark.parametrize("metadata", [None, {}, {"name": "J. Doe", "n": 1}])
def test_new_ones(zmq: Library, tmp_path: Path, metadata: Any) -> None:
    auth = authlib.part(zmq, "auth")
    paths = auth.create_certificates(tmp_path, "joe", metadata)
    assert paths == (str(tmp_path / "joe.key"), str(tmp_path / "joe.key_secret"))
    for public, secret in read_by_all(tmp_path / "joe.key_secret"):
        assert zmq.curve_public(secret) == public
        assert read_by_all(tmp_path / "joe.key")[0] == (public, None)
        assert auth.load_certificates(str(tmp_path)) == {public: True}
    assert secret.decode() not in Path(paths[0]).read_text()
    for text in map(Path.read_text, map(Path, paths)):
        assert all(f"{k} = {v}" in text for k, v in (metadata or {}).items()) or (
            "secret" not in text
        )
    assert sorted(os.listdir(tmp_path)) == ["joe.key", "joe.key_secret"]
    auth.create_certificates(str(tmp_path), "joe")
    assert auth.load_certificate(paths[0])[0] != public


@needs_curve
@pytest.mark.only("pymq")
def test_nobody_else_reads_the_secret(zmq: Library, tmp_path: Path) -> None:
    """Nor who may have opened an older file.  pyzmq leaves it to the umask."""
    auth = authlib.part(zmq, "auth")
    secret = tmp_path / "joe.key_secret"
    secret.write_text("old")
    secret.chmod(0o644)
    mask = os.umask(0o022)
    try:
        with open(secret) as before:
            auth.create_certificates(tmp_path, "joe")
            assert before.read() == "old"
    finally:
        os.umask(mask)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "joe.key").stat().st_mode) == 0o644


@needs_curve
@pytest.mark.only("pymq")
@pytest.mark.parametrize("key", ["name", "a\n    public-key"])
def test_metadata_is_no_key(zmq: Library, tmp_path: Path, key: str) -> None:
    auth = authlib.part(zmq, "auth")
    with pytest.raises(ValueError, match="line"):
        auth.create_certificates(tmp_path, "joe", {key: f"x\n    public-key = {key}"})
    assert not os.listdir(tmp_path)


@needs_curve
def test_no_folder(zmq: Library, tmp_path: Path) -> None:
    auth = authlib.part(zmq, "auth")
    with pytest.raises(FileNotFoundError):
        auth.create_certificates(tmp_path / "none", "joe")
    with pytest.raises(OSError, match="none"):
        auth.load_certificates(tmp_path / "none")
    with pytest.raises(OSError, match="none"):
        auth.load_certificate(tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("curve\n    public-key = 'abc'\n    secret-key = 'def'\n", (b"abc", b"def")),
        ("curve\n\tpublic-key=abc  \n", (b"abc", None)),
        ('\n# x\ncurve\r\n  public-key = "a=b#c" \r\n', (b"a=b#c", None)),
        ("public-key = a\npublic-key = b\n", (b"b", None)),
        ("\xff\npublic-key = a", (b"a", None)),
        ("", None),
        ("# public-key = 'abc'\n", None),
        ("curve\n    secret-key = 'abc'\n", None),
        ("curve public-key = abc\n", None),
    ],
)
def test_what_is_read(zmq: Library, tmp_path: Path, text: str, keys: Any) -> None:
    auth = authlib.part(zmq, "auth")
    (tmp_path / "joe.key").write_bytes(text.encode("latin-1"))
    if keys is None:
        with pytest.raises(ValueError, match="joe"):
            auth.load_certificate(tmp_path / "joe.key")
        with pytest.raises(ValueError, match="joe"):
            auth.load_certificates(tmp_path)
    else:
        assert auth.load_certificate(tmp_path / "joe.key") == keys
        (tmp_path / "other.key_secret").write_text("not looked at")
        assert auth.load_certificates(tmp_path) == {keys[0]: True}


RAW = bytes(range(32))
TEXT = z85.encode(RAW)


@pytest.mark.core
def test_keys_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pymq.auth import key

    monkeypatch.setenv("PYMQ_TEST_KEY", TEXT.decode() + "\n")
    assert key(RAW) == key(TEXT) == key(TEXT.decode()) == TEXT
    assert key(env="PYMQ_TEST_KEY") == TEXT
    file = tmp_path / "file"
    for content in (RAW, TEXT, TEXT + b"\n"):
        file.write_bytes(content)
        assert key(file=file) == key(file=str(file), secret=True) == TEXT
    other = z85.encode(bytes(32))
    file.write_bytes(b"curve\n public-key = %b\n secret-key = %b\n" % (TEXT, other))
    assert key(file=file) == TEXT
    assert key(file=file, secret=True) == other


@pytest.mark.core
def test_what_is_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pymq.auth import key

    monkeypatch.setenv("PYMQ_TEST_KEY", "short")
    file = tmp_path / "file"
    file.write_bytes(b"curve\n public-key = %b\n" % TEXT)
    for given in (
        {"value": b""},
        {"value": "short"},
        {"value": "~" * 40},
        {"value": "short" * 6 + "ly"},  # as long as the octets of a key
        {"env": "PYMQ_TEST_KEY"},
        {"env": "PYMQ_TEST_NO_KEY"},
        {"file": file, "secret": True},
    ):
        with pytest.raises(ValueError) as caught:
            key(**given)
        for hidden in ("short", "~"):
            assert hidden not in str(caught.value)
    with pytest.raises(OSError, match="none"):
        key(file=tmp_path / "none")
    for wrong in ({}, {"value": TEXT, "env": "HOME"}, {"value": 32}):
        with pytest.raises(TypeError):
            key(**wrong)
