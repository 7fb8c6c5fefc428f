"""Executes a notebook: nbclient, through jupyter_client, and a kernel of ipykernel.

Run as a script, in a process whose zmq is what its environment says.  The kernel gets
the variables that are given as JSON, so that it may have another one.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import nbformat
import zmq
from nbclient import NotebookClient

# Every kind of message: results, streams, displays, errors, completion, input
# requests that are refused, much output, and something big.
CELLS = (
    "import zmq, os, sys; zmq.__file__",
    "print('to stdout'); print('to stderr', file=sys.stderr)",
    "from IPython.display import display, HTML; display(HTML('<b>bold</b>'))",
    "for i in range(500): print(i)",
    "'x' * 3_000_000",
    "import asyncio; await asyncio.sleep(0.01); 'awaited'",
    "1 / 0",
)
EXPECTED = (None, None, None, None, 3_000_002, "'awaited'", "ZeroDivisionError")


def main() -> None:
    """Run; raises what is wrong."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    notebook.cells[-1].metadata["tags"] = ["raises-exception"]
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    client.execute(env=json.loads(sys.argv[1]))
    outputs = [cell.outputs for cell in notebook.cells]
    check(outputs)
    kernel = outputs[0][0]["data"]["text/plain"].strip("'")
    print(json.dumps({"client": zmq.__file__, "kernel": kernel}))


def check(outputs: list[Any]) -> None:
    """What came of each cell."""
    streams = {one["name"]: one["text"] for one in outputs[1]}
    assert streams == {"stdout": "to stdout\n", "stderr": "to stderr\n"}, streams
    assert outputs[2][0]["data"]["text/html"] == "<b>bold</b>"
    lines = "".join(one["text"] for one in outputs[3])
    assert lines == "".join(f"{i}\n" for i in range(500))
    assert len(outputs[4][0]["data"]["text/plain"]) == EXPECTED[4]
    assert outputs[5][0]["data"]["text/plain"] == EXPECTED[5]
    assert outputs[6][0]["ename"] == EXPECTED[6]


if __name__ == "__main__":
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    main()
