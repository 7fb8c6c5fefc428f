"""Pages lead to what is there, and name every file that a newcomer may look for."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "bench/*.md", "tests/*.md")
    for path in ROOT.glob(pattern)
)
FOLDERS = ("pymq", "csrc", "tests", "docs", "bench")
NAMED = re.compile(r"`([\w./-]+\.(?:py|pyi|c|h|md|toml|ini|pml))`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)

# What they are made of is in docs/architecture.md, or in their packages' docstrings.
DESCRIBED = ("session", "transports", "zmtp", "backend/pure", "backend/native")

checkout = pytest.mark.skipif(
    not (ROOT / ".ci").exists(), reason="not a checkout, which alone has all files"
)


def _prose(page: Path) -> str:
    return FENCE.sub("", page.read_text("utf-8"))


def _anchors(page: Path) -> set[str]:
    """The anchors that headings have."""
    heads = re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def _faults(page: Path) -> Iterator[str]:
    for link in LINK.findall(_prose(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" in link:
            continue
        if not target.exists() or anchor and anchor not in _anchors(target):
            yield link


def _files() -> set[str]:
    found = {
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
    }
    return found | {path.name for path in ROOT.iterdir()}


def _is_there(name: str, files: set[str]) -> bool:
    return any(file == name or file.endswith(f"/{name}") for file in files)


@checkout
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert not list(_faults(page))


@checkout
def test_files_that_are_named_are_there() -> None:
    files = _files()
    missing = {
        f"{page.name}: {name}"
        for page in PAGES
        for name in NAMED.findall(_prose(page))
        if not _is_there(name, files)
    }
    assert not missing


def _words(page: Path) -> set[str]:
    """What is written as code, without the endings of files."""
    text = page.read_text("utf-8")
    spans = FENCE.findall(text) + re.findall(r"`([^`\n]+)`", _prose(page))
    return {word for span in spans for word in re.findall(r"\w[\w*]+", span)}


def _docstring(package: Path) -> set[str]:
    tree = ast.parse((package / "__init__.py").read_text("utf-8"))
    return set(re.findall(r"`(\w+)`", ast.get_docstring(tree) or ""))


@checkout
def test_each_module_is_described() -> None:
    known = _words(ROOT / "docs" / "architecture.md")
    modules = dict.fromkeys((ROOT / "pymq").glob("*.py"), known)
    modules |= dict.fromkeys((ROOT / "csrc").glob("*.c"), known)
    for name in DESCRIBED:
        folder = ROOT / "pymq" / name
        modules |= {path: known | _docstring(folder) for path in folder.glob("*.py")}
    unknown = [
        str(path.relative_to(ROOT))
        for path, words in modules.items()
        if not path.stem.startswith("__")
        and not any(fnmatchcase(path.stem, word) for word in words)
    ]
    assert not unknown


@checkout
def test_each_helper_is_described() -> None:
    page = ROOT / "tests" / "README.md"
    named = set(NAMED.findall(_prose(page)))
    helpers = {path.name for path in (ROOT / "tests" / "support").glob("*.py")}
    assert helpers <= named
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert folders - {"support", "__pycache__"} <= _words(page)
