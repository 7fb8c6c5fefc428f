"""``python -m pymq.curve_keygen``: a new pair of keys for CURVE, as pyzmq prints it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Sequence, Union

from .curve import curve_keypair, curve_public

OTHER = "derive the public key of this secret key; - reads it from stdin, where nobody "
OTHER += "sees it in the list of processes"


def pair(secret: Union[str, None] = None) -> tuple[str, str]:
    """A public key and its secret one in Z85: new ones, or of `secret` (``-``: what
    stdin has).  ValueError or ZMQError for what is no secret key; ZMQError(ENOTSUP)
    without PyNaCl."""
    if secret is None:
        public, private = curve_keypair()
    else:
        private = (sys.stdin.readline().strip() if secret == "-" else secret).encode()
        public = curve_public(private)
    return public.decode(), private.decode()


def text(public: str, secret: str, as_json: bool) -> str:
    """What is printed of them."""
    if as_json:
        return json.dumps({"public": public, "secret": secret}, indent=1)
    return f"== CURVE PUBLIC KEY ==\n{public}\n\n== CURVE SECRET KEY ==\n{secret}"


def main(arguments: Union[Sequence[str], None] = None) -> int:
    """Print a pair of keys; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m pymq.curve_keygen",
        description="Print a new pair of keys for CURVE, 40 characters of Z85 each.",
    )
    parser.add_argument("--json", action="store_true", help="as a JSON object")
    parser.add_argument("--secret", metavar="KEY", help=OTHER)
    given = parser.parse_args(arguments)
    try:
        print(text(*pair(given.secret), given.json))
    except Exception as error:  # noqa: BLE001 - said in one line
        print(f"pymq: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
