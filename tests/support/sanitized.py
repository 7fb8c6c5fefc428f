"""Whether a sanitizer is in the process: it keeps what was freed, and more."""

from __future__ import annotations

import os

SANITIZED = "san.so" in os.environ.get("LD_PRELOAD", "")
