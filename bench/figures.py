"""The statistics: medians, ratios of the same round, slopes."""

from __future__ import annotations

import math
from statistics import median
from typing import NamedTuple, Sequence


class Spread(NamedTuple):
    """A median with the least and the greatest of what it is the median of."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """ValueError if there are none."""
    if not values:
        raise ValueError("no values")
    return Spread(median(values), min(values), max(values))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours by theirs, round by round: what both met in one round cancels out."""
    return spread([a / b for a, b in zip(ours, theirs)])


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The exponent of a power law through the points, by least squares.

    1 is linear.  ValueError with fewer than two different places.
    """
    xs = [math.log(x) for x, _ in points]
    ys = [math.log(y) for _, y in points]
    if len(set(xs)) < 2:
        raise ValueError("a slope needs two places")
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    rise = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys))
    return rise / sum((x - middle_x) ** 2 for x in xs)
