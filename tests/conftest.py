"""Which implementations the tests run on, and the fixtures that all share."""

from __future__ import annotations

import os
import signal
from typing import Iterator

import implementations
import pytest
from library import Library

MARKERS = (
    "only(*tags): runs on these implementations only (native, pure, pymq, pyzmq)",
    "fails_on(tag, reason): a fault of that implementation, shown on purpose",
    "core: the fast subset that every Python version runs",
    "large: moves hundreds of megabytes",
    "slow: waits for seconds or moves gigabytes; runs with --slow only",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--implementations",
        default="",
        help="comma separated: native, pure, pyzmq (default: what is available)",
    )
    parser.addoption("--slow", action="store_true", help="run slow tests, too")
    parser.addoption(
        "--show-oracle-faults",
        action="store_true",
        help="run the tests that libzmq is known to fail on it too",
    )


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow: needs --slow"))


def pytest_configure(config: pytest.Config) -> None:
    # A shell's background jobs ignore Ctrl-C, and so would their children.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    wanted = config.getoption("--implementations")
    try:
        found = implementations.choose(wanted, os.environ.get("PYMQ_BACKEND", ""))
    except ImportError as error:
        raise pytest.UsageError(f"an implementation does not load: {error}") from error
    config.stash[implementations.CHOSEN] = found


def pytest_report_header(config: pytest.Config) -> str:
    found = config.stash[implementations.CHOSEN]
    return "implementations: " + ", ".join(map(str, found))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "couple" in metafunc.fixturenames:
        _pair(metafunc)
    if "zmq" not in metafunc.fixturenames:
        return
    node, config = metafunc.definition, metafunc.config
    found = config.stash[implementations.CHOSEN]
    for marker in node.iter_markers("only"):
        found = [one for one in found if one.is_one_of(marker.args)]
    cases = []
    for one in found:
        marks = [
            _known_fault(config, f"{one.tag}: {marker.kwargs['reason']}")
            for marker in node.iter_markers("fails_on")
            if one.is_one_of(marker.args)
        ]
        cases.append(pytest.param(one, id=one.tag, marks=marks))
    metafunc.parametrize("zmq", cases, indirect=True)


def _pair(metafunc: pytest.Metafunc) -> None:
    """Each ordered pair of implementations."""
    found = metafunc.config.stash[implementations.CHOSEN]
    pairs = [(west, east) for west in found for east in found]
    names = [f"{west.tag}-{east.tag}" for west, east in pairs]
    metafunc.parametrize("couple", pairs, ids=names, indirect=True)


def _known_fault(config: pytest.Config, reason: str) -> pytest.MarkDecorator:
    if config.getoption("--show-oracle-faults"):
        return pytest.mark.xfail(reason=reason, strict=False)
    return pytest.mark.skip(reason=reason)


@pytest.fixture
def zmq(request: pytest.FixtureRequest) -> Iterator[Library]:
    """The implementation under test; closes what the test made with it."""
    library = Library(request.param)
    yield library
    library.close()


@pytest.fixture
def couple(request: pytest.FixtureRequest) -> Iterator[tuple[Library, Library]]:
    """Two implementations (or one, twice), each with a context of its own."""
    west, east = (Library(one) for one in request.param)
    yield west, east
    west.close()
    east.close()


@pytest.fixture(params=["tcp", "ipc", "inproc"])
def transport(request: pytest.FixtureRequest) -> str:
    """Every transport."""
    return str(request.param)


@pytest.fixture(params=["tcp", "ipc"])
def network(request: pytest.FixtureRequest) -> str:
    """The transports that have connections."""
    return str(request.param)
