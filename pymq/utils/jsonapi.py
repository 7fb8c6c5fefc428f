"""JSON as bytes (pyzmq's API)."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Union

jsonmod = json  # what it is made with; once there was a choice


def dumps(o: object, **kwargs: Any) -> bytes:
    """An object as JSON in UTF-8; `kwargs` go to ``json.dumps``."""
    return json.dumps(o, **kwargs).encode()


def loads(
    s: Union[bytes, str], **kwargs: Any
) -> Union[Dict[str, Any], List[Any], str, float]:
    """The object that JSON stands for; `kwargs` go to ``json.loads``."""
    text = s.decode() if isinstance(s, bytes) else s
    found: Union[Dict[str, Any], List[Any], str, float] = json.loads(text, **kwargs)
    return found


__all__ = ["dumps", "loads"]
