"""Certificate files with CURVE keys, in the format of CZMQ and pyzmq."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Mapping, Union

from ..curve import curve_keypair

Name = Union[str, "os.PathLike[str]"]

_PUBLIC, _SECRET = ".key", ".key_secret"  # as of files

_HEAD = """\
# {what} for CURVE, made by pymq on {now}
# {advice}

"""
_ADVICE = {
    _PUBLIC: "For everyone; see to it that nobody swaps it on the way.",
    _SECRET: "For nobody but its owner.",
}


def create_certificates(
    key_dir: Name, name: str, metadata: Union[Mapping[str, str], None] = None
) -> tuple[str, str]:
    """Make a pair of CURVE keys and write it to two files.

    ``name.key`` gets the public key.  ``name.key_secret`` gets both and is readable for
    its owner only (mode 0600; pyzmq leaves the mode to the umask).  Existing files are
    replaced.  `metadata` are names and texts that are written along, for people to
    read.

    Returns the two paths.  OSError if the folder does not exist, ValueError if a text
    has several lines, ZMQError(ENOTSUP) without PyNaCl.
    """
    said = "".join(_line(key, str(value)) for key, value in (metadata or {}).items())
    public, secret = (part.decode() for part in curve_keypair())
    keys = _line("public-key", f'"{public}"')
    both = keys + _line("secret-key", f'"{secret}"')
    return (
        _write(Path(key_dir, name + _PUBLIC), said, keys),
        _write(Path(key_dir, name + _SECRET), said, both),
    )


def _line(name: str, value: str) -> str:
    if len(f"{name}={value}".splitlines()) != 1:
        raise ValueError(f"the metadata {name!r} has more than one line")
    return f"    {name} = {value}\n"


def _write(path: Path, metadata: str, keys: str) -> str:
    """Write a new file and let it take the place of the old one.

    So a secret never is in a file that others can read, even if the old one was.
    """
    secret = path.suffix == _SECRET
    what = "Public and secret key" if secret else "Public key"
    head = _HEAD.format(what=what, now=datetime.now(), advice=_ADVICE[path.suffix])
    made = path.with_name(f".{path.name}.{token_hex(8)}")
    mode = 0o600 if secret else 0o666
    fd = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(fd, "w", encoding="utf-8") as file:
            file.write(f"{head}metadata\n{metadata}curve\n{keys}")
        os.replace(made, path)
    except BaseException:
        os.unlink(made)
        raise
    return str(path)


def load_certificate(filename: Name) -> tuple[bytes, Union[bytes, None]]:
    """Return the two keys in a file: the public one, and the secret one or None.

    Each is 40 bytes of Z85.  OSError if there is no such file, ValueError if it has no
    public key.
    """
    if not os.path.exists(filename):
        raise OSError(f"Invalid certificate file: {filename}")
    keys: dict[bytes, bytes] = {}
    with open(filename, "rb") as file:
        for line in file:
            name, equals, value = line.partition(b"=")
            if equals:
                keys[name.strip()] = value.strip(b" \t\r\n'\"")
    if b"public-key" not in keys:
        raise ValueError(f"No public key found in {filename}")
    return keys[b"public-key"], keys.get(b"secret-key")


def load_certificates(directory: Name = ".") -> dict[bytes, bool]:
    """Return the public keys in the files ``*.key`` of a folder.

    The result is a dict of key to True.  OSError if there is no such folder; ValueError
    as of `load_certificate`.
    """
    if not os.path.isdir(directory):
        raise OSError(f"Invalid certificate directory: {directory}")
    files = sorted(Path(directory).glob("*" + _PUBLIC))
    return {load_certificate(file)[0]: True for file in files}


__all__ = ["create_certificates", "load_certificate", "load_certificates"]
