"""``python -m pymq.log URL`` shows what a `PUBHandler` publishes."""

from __future__ import annotations

import argparse
from datetime import datetime

from ..constants import SUB
from ..context import Context

_COLORS = {
    "DEBUG": "LIGHTCYAN_EX",
    "INFO": "LIGHTWHITE_EX",
    "WARNING": "YELLOW",
    "ERROR": "LIGHTRED_EX",
    "CRITICAL": "LIGHTRED_EX",
}
#: Short, so that Ctrl-C of a Python that has just started to sleep is not late.
_NAP = 100  # ms


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "pymq.log", description="Show what a PUBHandler publishes."
    )
    add = parser.add_argument
    add("zmq_pub_url", help="where the publisher is bound")
    add("-t", "--topic", default="", help="show only what begins with it")
    add("--timestamp", action="store_true", help="show when it came")
    add("--separator", default=" | ", help="between topic and text")
    add("--dateformat", default="%Y-%d-%m %H:%M", help="of --timestamp")
    add("--align", action="store_true", help="put the texts below each other")
    add("--color", action="store_true", help="color the levels; needs colorama")
    return parser.parse_args()


class _Printer:
    """Lines of a log."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen = chosen
        self._widths: list[int] = []
        self._colors: dict[str, str] = {}
        self._end = ""
        if chosen.color:
            import colorama

            colorama.init()
            self._end = str(colorama.Fore.RESET)
            for level, name in _COLORS.items():
                self._colors[level] = str(getattr(colorama.Fore, name))

    def show(self, topic: str, text: str) -> None:
        """Print a message."""
        parts = topic.strip().split(".")
        level = parts[min(1, len(parts) - 1)]
        when = ""
        if self._chosen.timestamp:
            when = datetime.now().strftime(self._chosen.dateformat) + " "
        shown = self._aligned(parts) if self._chosen.align else ".".join(parts)
        color = self._colors.get(level, "")
        line = f"{when}{color}{shown}{self._chosen.separator}{text.strip()}{self._end}"
        print(line, flush=True)

    def _aligned(self, parts: list[str]) -> str:
        parts = parts + [" "] * (len(self._widths) - len(parts))
        self._widths += [0] * (len(parts) - len(self._widths))
        pairs = zip(self._widths, parts)
        self._widths = [max(width, len(part)) for width, part in pairs]
        return ".".join(p.ljust(width) for p, width in zip(parts, self._widths))


def main() -> None:
    """Subscribe, and print until Ctrl-C."""
    chosen = _arguments()
    printer = _Printer(chosen)
    with Context() as context, context.socket(SUB) as sub:
        sub.subscribe(chosen.topic)
        sub.connect(chosen.zmq_pub_url)
        try:
            while True:
                if sub.poll(_NAP):
                    topic, text = sub.recv_multipart()
                    printer.show(topic.decode(), text.decode())
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
