"""What to raise for what is not on this machine, and where to keep what was made."""

from __future__ import annotations

import os
from pathlib import Path


class Missing(Exception):
    """A peer cannot be measured here; the message says why, and what would help."""


def cache(*parts: str) -> Path:
    """A folder for what need not be made again.  Raises OSError."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base, "pymq-bench", *parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
