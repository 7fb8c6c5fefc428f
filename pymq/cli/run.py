"""``pymq run``: a Python program, with pymq as its zmq."""

from __future__ import annotations

import os
import sys

from .. import dropin
from . import exits

USAGE = """\
usage: pymq run [OPTION of python] SCRIPT | -m MODULE | -c TEXT [ARGUMENT]...

Runs a Python program as python would, but "import zmq" gives pymq: in it, and in
every Python that it starts with its environment.
"""


def main(arguments: list[str]) -> int:
    """Become that program; returns only if there is none to become."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="", file=sys.stdout if arguments else sys.stderr)
        return exits.OK if arguments else exits.USAGE
    sys.stdout.flush()
    variables = dropin.environment(os.environ)
    os.execve(sys.executable, [sys.executable, *arguments], variables)
    raise AssertionError("execve does not return")
