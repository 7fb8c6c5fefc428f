"""The command line: one command for each socket type, and `run`, `info`, `keygen`,
`demo` and `bench`.

Every command shows only the options that it obeys: its signature is put together
from `PARAMETERS`, which typer then reads as if it had been written out.
"""

# No `from __future__ import annotations`: on Python 3.9 typer does not see through it.
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, List, Optional

import typer

import pymq as zmq

from .. import curve_keygen
from . import exits
from .delimiter import Delimiter
from .demo import LIMIT
from .kind import KINDS, Kind
from .session import Request, run
from .stream import silence_stdout

HELP = """\
ZeroMQ sockets for the shell: what netcat is to TCP.

One command per socket type. Those that send read stdin, a file or --data; what
arrives goes to stdout, byte for byte. Endpoints are tcp://host:port (tcp://*:5555
to bind on every interface, port 0 or * for a free one) and ipc://path.

\b
Two shells, one pipeline:
    pymq pull 'tcp://*:5555' > copy
    pymq push tcp://127.0.0.1:5555 < original

Exit codes: 0 done, 1 error, 2 wrong usage, 3 --timeout passed or something was left
undelivered, 130 interrupted, 141 the reader of our output has left.
"""

app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PARAMETERS: dict[str, tuple[Any, Any]] = {
    "endpoints": (
        Annotated[
            List[str],
            typer.Argument(metavar="ENDPOINT", help="tcp://..., ipc://..."),
        ],
        inspect.Parameter.empty,
    ),
    "bind": (
        Annotated[
            Optional[bool],
            typer.Option("--bind/--connect", help="wait for peers, or go to them"),
        ],
        None,
    ),
    "file": (
        Annotated[
            Optional[Path],
            typer.Option(
                "--file", "-f", metavar="F", exists=True, dir_okay=False, help="read F"
            ),
        ],
        None,
    ),
    "stdin": (Annotated[bool, typer.Option("--stdin", help="read stdin")], False),
    "data": (
        Annotated[
            Optional[List[str]],
            typer.Option(
                "--data",
                "-d",
                metavar="TEXT",
                help="a message; may be given many times",
            ),
        ],
        None,
    ),
    "topic": (Annotated[Optional[List[str]], typer.Option("--topic", "-t")], None),
    "subscribers": (
        Annotated[
            int,
            typer.Option(
                metavar="N",
                min=0,
                help="wait for so many subscriptions before sending; 0: send at once, "
                "and lose what nobody has subscribed to yet",
            ),
        ],
        1,
    ),
    "routing_id": (
        Annotated[
            str,
            typer.Option(metavar="ID", help="the name a router knows this socket by"),
        ],
        "",
    ),
    "delimiter": (
        Annotated[
            Delimiter,
            typer.Option(
                "--delimiter",
                "-D",
                help="between messages: line, nul; none (the whole input is one "
                "message); frames (multipart, as ZMTP 3.1 frames: flags 1 more, "
                "2 long; a length of 1 or 8 bytes; the body)",
            ),
        ],
        Delimiter.LINE,
    ),
    "count": (
        Annotated[
            Optional[int],
            typer.Option(
                "--count", "-n", metavar="N", min=0, help="end after so many messages"
            ),
        ],
        None,
    ),
    "timeout": (
        Annotated[
            Optional[float],
            typer.Option(
                metavar="S", help="seconds to wait for a peer or a message; then exit 3"
            ),
        ],
        None,
    ),
    "linger": (
        Annotated[
            Optional[float],
            typer.Option(
                metavar="S",
                help="seconds to go on delivering at the end, -1 for ever "
                "(default: --timeout, or for ever)",
            ),
        ],
        None,
    ),
    "backend": (
        Annotated[
            Optional[str],
            typer.Option(
                metavar="native|pure", help="instead of $PYMQ_BACKEND or the better one"
            ),
        ],
        None,
    ),
}

EVERYONE = ("endpoints", "bind", "delimiter", "count", "timeout", "linger", "backend")
INPUT = ("file", "stdin", "data")
MORE = {
    "pull": (),
    "sub": ("topic",),
    "pub": (*INPUT, "topic", "subscribers"),
    "xsub": (*INPUT, "topic"),
    "req": (*INPUT, "routing_id"),
    "dealer": (*INPUT, "routing_id"),
    "router": ("file", "stdin"),
}


def socket_command(kind: Kind) -> Callable[..., None]:
    """The function of one socket type, as typer wants to see it."""

    def command(**given: Any) -> None:
        request = Request(**{k: v for k, v in given.items() if v is not None})
        check(kind, request)
        guarded(lambda: run(kind, request))

    names = [*EVERYONE, *MORE.get(kind.name, INPUT)]
    parameters = [parameter(name, kind) for name in PARAMETERS if name in names]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


def parameter(name: str, kind: Kind) -> inspect.Parameter:
    """One parameter; what it means to this socket type goes into its help."""
    annotation, default = PARAMETERS[name]
    if name == "topic":
        option = typer.Option("--topic", "-t", metavar="T", help=kind.topics)
        annotation = Annotated[Optional[List[str]], option]
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def check(kind: Kind, request: Request) -> None:
    """Refuse what cannot work."""
    if request.backend not in (None, "native", "pure"):
        raise typer.BadParameter("--backend is native or pure")
    if sum((bool(request.file), request.stdin, bool(request.data))) > 1:
        raise typer.BadParameter("--file, --stdin and --data exclude each other")
    feeds = request.file or request.stdin or request.data
    if kind.name == "router" and feeds and request.delimiter is not Delimiter.FRAMES:
        raise typer.BadParameter(
            "what a router sends begins with a frame that names the peer: "
            "use --delimiter frames"
        )


def guarded(work: Callable[[], None]) -> None:
    """Run; turn what goes wrong into a line on stderr and an exit code."""
    try:
        work()
    except (zmq.Again, TimeoutError) as error:
        late = str(error) if isinstance(error, TimeoutError) else "timeout"
        fail(exits.TIMEOUT, late)
    except KeyboardInterrupt:
        raise typer.Exit(exits.INTERRUPTED) from None
    except BrokenPipeError:
        silence_stdout()
        raise typer.Exit(exits.BROKEN_PIPE) from None
    except (zmq.ZMQError, OSError, ValueError, ImportError) as error:
        fail(exits.ERROR, str(error))


def fail(code: int, reason: str) -> None:
    """Say why, and exit."""
    print(f"pymq: {reason}", file=sys.stderr)
    raise typer.Exit(code)


def describe(kind: Kind) -> str:
    """The help text of a socket command."""
    usual = "bind" if kind.binds else "connect"
    examples = "\n".join(f"    {line}" for line in kind.examples)
    reads = "stdin, unless --file or --data" if kind.reads else "none, unless asked for"
    about = f"Endpoints: {usual}, unless told otherwise."
    if kind.style != "receive":
        about += f" Input: {reads}."
    about = f"{kind.details}\n\n{about}" if kind.details else about
    return f"{kind.summary}\n\n{about}\n\n\b\nExamples:\n{examples}\n"


for _kind in KINDS:
    app.command(_kind.name, short_help=_kind.summary, help=describe(_kind))(
        socket_command(_kind)
    )


@app.command()
def info() -> None:
    """Show the backend in use, why there is no C core if not, features, versions."""
    from .info import show

    raise typer.Exit(show())


@app.command()
def keygen(
    json: Annotated[bool, typer.Option("--json", help=curve_keygen.JSON)] = False,
    secret: Annotated[
        Optional[str], typer.Option(metavar="KEY", help=curve_keygen.SECRET)
    ] = None,
    to: Annotated[
        Optional[str], typer.Option(metavar="NAME", help=curve_keygen.TO)
    ] = None,
) -> None:
    """Make a pair of keys for CURVE, 40 characters of Z85 each."""
    if to is not None and (json or secret is not None):
        raise typer.BadParameter(curve_keygen.ALONE)
    guarded(lambda: print(curve_keygen.keygen(json, secret, to)))


@app.command()
def demo(
    path: Annotated[
        Optional[Path],
        typer.Argument(exists=True, help="a file tree (default: Python's own library)"),
    ] = None,
    limit: Annotated[float, typer.Option(help="megabytes to move, at most")] = LIMIT,
) -> None:
    """Move a file tree between all implementations, and compare digests.

    Several processes send real files over tcp, ipc and inproc, between pymq's two
    backends and, where pyzmq is installed, libzmq, in every ordered pair.
    """
    from .demo import run as run_demo

    codes: list[int] = []
    guarded(lambda: codes.append(run_demo(path, limit)))
    raise typer.Exit(codes[0])


AS_THEY_ARE = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(
    "run",
    add_help_option=False,
    context_settings={**AS_THEY_ARE, "allow_interspersed_args": False},
)
def program(context: typer.Context) -> None:
    """Run a Python program with pymq as its zmq (see run --help)."""
    from .run import main as run_program

    raise typer.Exit(run_program(context.args))


@app.command(add_help_option=False, context_settings=AS_THEY_ARE)
def bench(context: typer.Context) -> None:
    """Measure pymq beside pyzmq, libzmq and others (see bench --help)."""
    from .bench import run as run_bench

    codes: list[int] = []
    guarded(lambda: codes.append(run_bench(context.args)))
    raise typer.Exit(codes[0])
