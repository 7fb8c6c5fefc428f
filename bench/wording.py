"""How figures are written for people."""

from __future__ import annotations

from typing import Sequence

from .figures import Spread, spread

PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def short(value: float) -> str:
    """Three digits and a prefix: 1.23 M."""
    for factor, prefix in PREFIXES:
        if value >= factor:
            return f"{three(value / factor)} {prefix}"
    return three(value)


def three(value: float) -> str:
    """Three digits, without an exponent."""
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3g}"


def ratio(found: Spread) -> str:
    """A ratio with its spread."""
    return f"{three(found.median)} [{three(found.low)}–{three(found.high)}]"


def absolute(found: Spread) -> str:
    """A value with its spread."""
    return f"{short(found.median)} [{short(found.low)}–{short(found.high)}]"


def cell(values: Sequence[float]) -> str:
    """A median, and how far the rounds lay apart: half of the range, by the median."""
    found = spread(values)
    if not found.median:
        return short(found.median)
    width = (found.high - found.low) / 2 / found.median
    return f"{short(found.median)} ±{width:.0%}"


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table: text to the left, figures to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))
