"""The table of measures: what the values that workers report mean."""

from __future__ import annotations

from typing import NamedTuple


class Measure(NamedTuple):
    """`higher` is whether more is better."""

    unit: str
    higher: bool
    meaning: str


MEASURES: dict[str, Measure] = {
    "rate": Measure("/s", True, "messages (or deliveries, or connections) a second"),
    "p50_us": Measure("µs", False, "median time of a round trip"),
    "p99_us": Measure("µs", False, "99th percentile of a round trip"),
    "seconds": Measure("s", False, "time that the side which measures took"),
    "subscribe_s": Measure("s", False, "time until the publisher knew all of them"),
    "match_rate": Measure("/s", True, "messages a second that nobody wants"),
    "hit_rate": Measure("/s", True, "messages a second that one subscription matches"),
    "bytes_each": Measure("B", False, "memory for each, at the side that serves"),
    "bytes_each_used": Measure("B", False, "the same once every one has been used"),
    "send_ns": Measure("ns", False, "median time of one call"),
    "send_p99_ns": Measure("ns", False, "99th percentile of one call"),
    "send_mean_ns": Measure("ns", False, "mean time of one call"),
    "start_ms": Measure("ms", False, "from the start of Python to its end"),
    "added_ms": Measure("ms", False, "the same, less that of `python -c pass`"),
    "cpu_us": Measure("µs", False, "processor time of all sides for a message"),
}
