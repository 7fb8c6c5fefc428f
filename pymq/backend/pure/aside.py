"""Steps that PyPy's compiler leaves alone.

It compiles what is called often, together with all that this calls: what happens once
for some hundred messages would be compiled at length into the way of every message.
"""

from __future__ import annotations

from typing import Any, Callable


def _call(call: Callable[..., Any], *args: Any) -> Any:
    return call(*args)


try:
    from pypyjit import residual_call  # type: ignore[import-not-found]
except ImportError:
    residual_call = _call

#: Calls the first argument with the others.
aside: Callable[..., Any] = residual_call
