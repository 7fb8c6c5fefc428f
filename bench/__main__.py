"""``python -m bench`` in a checkout: the same as ``pymq bench``."""

from __future__ import annotations

import sys

from .command import main

sys.exit(main(sys.argv[1:]))
