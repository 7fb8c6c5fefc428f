"""The command ``pymq``: sockets for the shell, `run`, `info`, `keygen` and
`demo`.

It needs typer and rich, the extra ``cli``.  Without them these four still work, in
plain text, and everything else says what to install.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import NoReturn

from . import exits


def main() -> NoReturn:
    """Run the command that ``sys.argv`` asks for, and exit."""
    if find_spec("typer") and find_spec("rich"):
        from .app import app

        app(prog_name="pymq")
        sys.exit(exits.OK)
    sys.exit(_plain(sys.argv[1:]))


def _plain(arguments: list[str]) -> int:
    name = arguments[0] if arguments else ""
    if name == "info":
        from .info import show

        return show()
    if name == "keygen":
        from ..curve_keygen import main as keygen

        return keygen(arguments[1:], "pymq keygen")
    if name == "demo":
        from .demo import main as demo

        return demo(arguments[1:])
    if name == "run":
        from .run import main as run

        return run(arguments[1:])
    print(
        f"pymq: {name or 'this command'} needs typer and rich: "
        "pip install 'pymq[cli]'  (only run, info, keygen and demo work without them)",
        file=sys.stderr,
    )
    return exits.ERROR
