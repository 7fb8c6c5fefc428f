"""The system's numbers of socket options, also of those that Python does not name."""

from __future__ import annotations

import os
import socket
import sys
from typing import Union

#: PyPy lacks these.  They are Linux's on the machines below; others may differ.
_LINUX = {"SO_BINDTODEVICE": 25, "SO_PEERCRED": 17, "SO_PRIORITY": 12}
_MACHINES = ("x86_64", "i686", "aarch64", "armv7l", "riscv64", "s390x")


def named(name: str) -> Union[int, None]:
    """The number of an option, None where there is none."""
    number: Union[int, None] = getattr(socket, name, None)
    if number is None and sys.platform == "linux" and os.uname().machine in _MACHINES:
        number = _LINUX.get(name)
    return number
