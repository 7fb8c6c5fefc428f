"""The table of attacks: what is tried, against whom, and what has to come of it.

PYTHONPATH=. python tests/support/attacks.py > docs/attacks.md
"""

from __future__ import annotations

# Each adds its rows.
import attacks_amount  # noqa: F401
import attacks_less  # noqa: F401
import attacks_octets  # noqa: F401
import attacks_order  # noqa: F401
import attacks_past  # noqa: F401
import scene

HEAD = """\
# Attacks that were tried

Each row is a test that runs on both backends, with the same outcome: `pytest
tests/security/test_attacks.py`. *Refused* means that the connection ends, that the
application gets nothing of it, and that an honest client afterwards gets through. What
the mechanisms promise at all is in [security.md](security.md). GSSAPI needs a KDC: what
is replayed, changed or malformed there is in `tests/security/test_gssapi*.py`.

Made by `PYTHONPATH=. python tests/support/attacks.py`.

| what is tried | against | outcome, native and pure |
| --- | --- | --- |
"""


def page() -> str:
    """docs/attacks.md."""
    rows: dict[tuple[str, str], list[str]] = {}
    for one in scene.ATTACKS:
        rows.setdefault((one.text, one.outcome), []).append(one.against)
    lines = [
        f"| {text} | {', '.join(against)} | {outcome} |\n"
        for (text, outcome), against in rows.items()
    ]
    return HEAD + "".join(lines)


if __name__ == "__main__":
    print(page(), end="")
