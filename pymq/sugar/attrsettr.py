"""Options as attributes, where pyzmq has them."""

from __future__ import annotations

from typing import Union

from ..attributes import OpenAttributes as AttributeSetter

OptValT = Union[str, bytes, int]

__all__ = ["AttributeSetter"]
