"""Reading CURVE keys from wherever a program has them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Union

from .. import z85
from .certs import Name, load_certificate

_RAW, _TEXT = 32, 40  # octets


def key(
    value: Union[bytes, str, None] = None,
    *,
    env: Union[str, None] = None,
    file: Union[Name, None] = None,
    secret: bool = False,
) -> bytes:
    """Return a CURVE key as 40 bytes of Z85, the form that everything here takes.

    Give one of three sources:

    - `value`: a str of 40 characters of Z85, or bytes: those 40, or the 32 of the key
      itself.
    - `env`: the name of an environment variable that has the key in Z85.
    - `file`: a file with the key in either form, perhaps with a newline; or a
      certificate (see `create_certificates`), of which the public key is taken, or with
      `secret` the secret one.

    Not in pyzmq.  TypeError unless there is exactly one source, ValueError if it has no
    key (the message does not show it), OSError if the file cannot be read.
    """
    given = [source for source in (value, env, file) if source is not None]
    if len(given) != 1:
        raise TypeError("one of value, env and file")
    if env is not None:
        return _from_environment(env)
    if file is not None:
        return _from_file(Path(file), secret)
    if isinstance(value, str):
        return _text(value.encode(), "the value")
    return _octets(bytes(memoryview(value or b"")), "the value")


def _from_environment(name: str) -> bytes:
    text = os.environ.get(name)
    if text is None:
        raise ValueError(f"there is no environment variable {name}")
    return _text(text.strip().encode("utf-8", "surrogateescape"), name)


def _from_file(path: Path, secret: bool) -> bytes:
    content = path.read_bytes()
    if len(content) == _RAW:
        return _octets(content, str(path))
    if len(content.split()) == 1:
        return _text(content.strip(), str(path))
    found = load_certificate(path)[secret]
    if found is None:
        raise ValueError(f"there is no secret key in {path}")
    return _text(found, str(path))


def _octets(found: bytes, where: str) -> bytes:
    return z85.encode(found) if len(found) == _RAW else _text(found, where)


def _text(found: bytes, where: str) -> bytes:
    try:
        if len(found) == _TEXT:
            z85.decode(found)
            return found
    except ValueError:
        pass
    raise ValueError(f"{where} is no key: that is 32 bytes, or 40 of Z85")
