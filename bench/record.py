"""What a run leaves behind: one JSON document, from which every report is made."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Mapping

from .machine import facts
from .measures import MEASURES
from .rows import WORKLOADS, Row
from .run import Outcome, Settings

FORMAT = 1
Record = dict[str, Any]


def begun(command: str, settings: Settings, peers: Mapping[str, Any]) -> Record:
    """A record without rows."""
    return {
        "format": FORMAT,
        "command": command,
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "took_s": 0.0,
        "settings": asdict(settings),
        "machine": facts(),
        "peers": dict(peers),
        "measures": {name: measure._asdict() for name, measure in MEASURES.items()},
        "rows": {},
    }


def add(record: Record, row: Row, outcomes: Mapping[str, Outcome]) -> None:
    """A row, as it was measured."""
    record["rows"][row.name] = {
        "workload": row.workload,
        "keys": dict(row.keys),
        "sides": {side: dict(keys) for side, keys in row.sides.items()},
        "measure": WORKLOADS[row.workload].measure,
        "peers": {name: rounded(one) for name, one in outcomes.items()},
    }


def rounded(outcome: Outcome) -> dict[str, Any]:
    """Its values, without digits that say nothing."""
    rounds = [
        {name: float(f"{value:.6g}") for name, value in values.items()}
        for values in outcome.rounds
    ]
    return {"status": outcome.status, "reason": outcome.reason, "rounds": rounds}


def save(record: Record, path: Path) -> None:
    """Write it.  Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Record:
    """Read it.  Raises OSError, or ValueError if it is something else."""
    record = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ValueError(f"{path} is not a record of this benchmark")
    return record
