"""``python -m pymq`` is ``pymq``."""

from __future__ import annotations

from pymq.cli import main

if __name__ == "__main__":
    main()
