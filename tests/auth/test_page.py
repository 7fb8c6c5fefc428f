"""docs/authentication.md: its examples do what it says."""

from __future__ import annotations

import gc
import os
import re
import warnings
from pathlib import Path

import pytest
from authlib import needs_curve
from library import Library

PAGE = Path(__file__).resolve().parents[2] / "docs" / "authentication.md"
TEXT = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@needs_curve
@pytest.mark.only("pymq")
@pytest.mark.skipif(not EXAMPLES, reason="the documentation is not here")
@pytest.mark.parametrize("number", range(max(1, len(EXAMPLES))))
def test_an_example(
    zmq: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYMQ_BACKEND", zmq.tag)
    monkeypatch.setitem(os.environ, "SERVER_KEY", "")  # to be as it was, afterwards
    monkeypatch.setattr(zmq.Context, "instance", lambda: zmq.main)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # nothing is closed
        exec(compile(EXAMPLES[number], str(PAGE), "exec"), {})
        gc.collect()
