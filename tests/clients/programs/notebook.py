"""Executes a notebook: nbclient, through jupyter_client, with a kernel of ipykernel.

The first argument is the kernel's environment, as JSON: it may have another zmq.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import nbformat
import zmq
from nbclient import NotebookClient

# Every kind of message: a result, streams, a display, much output, something big, an
# event loop that is shared with the kernel, an error.
CELLS = (
    "import zmq; zmq.__file__",
    "import sys; print('to stdout'); print('to stderr', file=sys.stderr)",
    "from IPython.display import display, HTML; display(HTML('<b>bold</b>'))",
    "for number in range(500): print(number)",
    "'x' * 3_000_000",
    "import asyncio; await asyncio.sleep(0.01); 'awaited'",
    "1 / 0",
)


def main() -> None:
    """Prints which zmq each side has; raises what is wrong."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    notebook.cells[-1].metadata["tags"] = ["raises-exception"]
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    client.execute(env=json.loads(sys.argv[1]))
    outputs = [cell.outputs for cell in notebook.cells]
    check(outputs)
    kernel = outputs[0][0]["data"]["text/plain"].strip("'")
    print(json.dumps([zmq.__file__, kernel]))


def check(outputs: list[list[Any]]) -> None:
    """What came of each cell."""
    streams = {one["name"]: one["text"] for one in outputs[1]}
    assert streams == {"stdout": "to stdout\n", "stderr": "to stderr\n"}, streams
    assert outputs[2][0]["data"]["text/html"] == "<b>bold</b>"
    lines = "".join(one["text"] for one in outputs[3])
    assert lines == "".join(f"{number}\n" for number in range(500))
    assert len(outputs[4][0]["data"]["text/plain"]) == 3_000_002
    assert outputs[5][0]["data"]["text/plain"] == "'awaited'"
    assert outputs[6][0]["ename"] == "ZeroDivisionError"


main()
