"""``python -m pymq.curve_keygen``: a new pair of keys for CURVE, as pyzmq prints it;
and ``pymq keygen``, which is the same."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Sequence, Union

from .curve import curve_keypair, curve_public

JSON = "as a JSON object"
SECRET = (
    "derive the public key of this secret key; - reads it from stdin, since others see "
    "the arguments of a process"
)
ALONE = "--to goes with no other option"
TO = "write NAME.key and NAME.key_secret, certificates, in place of printing keys"


def keygen(as_json: bool, secret: Union[str, None], to: Union[str, None]) -> str:
    """Return the text that shows a pair of keys, or the files `to` which it was
    written.

    ValueError or ZMQError if a given secret key is none; ZMQError(ENOTSUP) without
    PyNaCl; OSError for files.
    """
    if to is not None:
        from .auth import create_certificates

        folder, name = os.path.split(to)
        return "\n".join(create_certificates(folder or ".", name))
    public, private = (key.decode() for key in _pair(secret))
    if as_json:
        return json.dumps({"public": public, "secret": private}, indent=1)
    return f"== CURVE PUBLIC KEY ==\n{public}\n\n== CURVE SECRET KEY ==\n{private}"


def _pair(secret: Union[str, None]) -> tuple[bytes, bytes]:
    if secret is None:
        return curve_keypair()
    text = (sys.stdin.readline().strip() if secret == "-" else secret).encode()
    return curve_public(text), text


def main(arguments: Union[Sequence[str], None], prog: str) -> int:
    """Run the command, under the name `prog`.  Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Print a new pair of keys for CURVE, 40 characters of Z85 each.",
    )
    parser.add_argument("--json", action="store_true", help=JSON)
    parser.add_argument("--secret", metavar="KEY", help=SECRET)
    parser.add_argument("--to", metavar="NAME", help=TO)
    given = parser.parse_args(arguments)
    if given.to is not None and (given.json or given.secret is not None):
        parser.error(ALONE)
    try:
        print(keygen(given.json, given.secret, given.to))
    except Exception as error:
        print(f"pymq: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    assert __spec__ is not None
    sys.exit(main(None, f"python3 -m {__spec__.name}"))
