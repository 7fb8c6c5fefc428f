"""The commands that README and docs show are there, with the options that they have."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SPAN = re.compile(r"```sh\n(.*?)```|`(pymq [^`]+)`", re.DOTALL)
# Hand all that follows on to another program, or to bench/.
OPEN = ("run", "bench")

pytestmark = pytest.mark.skipif(len(PAGES) < 2, reason="no documentation here")


def _shown() -> list[tuple[str, list[str]]]:
    """Each command line: the page, and the words behind ``pymq``."""
    found = []
    for page in PAGES:
        for block, span in SPAN.findall(page.read_text("utf-8")):
            text = block.replace("\\\n", " ") + span
            for line in re.findall(r"^(?:.*\| )?pymq (.*)$", text, re.MULTILINE):
                lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
                lexer.whitespace_split, lexer.commenters = True, "#"
                found.append((page.name, list(lexer)))
    return found


def _options(command: Any) -> set[str]:
    return {
        name for one in command.params for name in (*one.opts, *one.secondary_opts)
    } | {"--help"}


def test_commands_and_their_options() -> None:
    pytest.importorskip("typer")
    pytest.importorskip("rich")
    from typer.main import get_command

    from pymq.cli.app import app

    commands: Any = get_command(app)
    shown = _shown()
    assert len(shown) > 10
    for page, words in shown:
        name, rest = words[0], words[1:]
        if name.isupper():
            continue  # `pymq COMMAND --help`
        assert name in commands.commands, (page, words)
        used = {word.partition("=")[0] for word in rest if word.startswith("-")} - {"-"}
        if name not in OPEN:
            assert used <= _options(commands.commands[name]), (page, words)
