"""Handlers that publish log records (pyzmq's API)."""

from __future__ import annotations

import logging
from copy import copy
from typing import Any, Union

from ..constants import PUB
from ..context import Context
from ..socket import Socket

TOPIC_DELIM = "::"  # what ends a topic that a message begins with

_PLAIN = "%(message)s\n"
_PLACED = "%(levelname)s %(filename)s:%(lineno)d - %(message)s\n"
_FORMATS = {
    logging.DEBUG: _PLACED,
    logging.INFO: _PLAIN,
    logging.WARNING: _PLACED,
    logging.ERROR: _PLACED[:-1] + " - %(exc_info)s\n",
    logging.CRITICAL: _PLACED,
}


class PUBHandler(logging.Handler):
    """Publishes records as two frames: the topic, and the text.

    The topic is `root_topic`, the name of the level and, of a message
    ``"topic::text"``, that topic, with dots between.  It takes a PUB socket, or an
    endpoint for one of its own, of `context` or a new one, to bind to.
    """

    def __init__(
        self,
        interface_or_socket: Union[str, Socket],
        context: Union[Context, None] = None,
        root_topic: Union[str, bytes] = "",
    ) -> None:
        super().__init__()
        self.root_topic = root_topic
        self.formatters: dict[int, Union[logging.Formatter, None]] = {
            level: logging.Formatter(text) for level, text in _FORMATS.items()
        }
        if isinstance(interface_or_socket, Socket):
            self.socket = interface_or_socket
            self.ctx = self.socket.context
        else:
            self.ctx = context or Context()
            self.socket = self.ctx.socket(PUB)
            self.socket.bind(interface_or_socket)

    @property
    def root_topic(self) -> str:
        """What every topic begins with; the empty text for the level."""
        return self._root_topic

    @root_topic.setter
    def root_topic(self, value: Union[str, bytes]) -> None:
        self.setRootTopic(value)

    def setRootTopic(self, root_topic: Union[str, bytes]) -> None:
        """Set `root_topic`."""
        text = root_topic.decode() if isinstance(root_topic, bytes) else root_topic
        self._root_topic = text

    def setFormatter(
        self, fmt: Union[logging.Formatter, None], level: int = logging.NOTSET
    ) -> None:
        """Set how records of `level` are put into words; NOTSET: of all levels."""
        for one in self.formatters if level == logging.NOTSET else (level,):
            self.formatters[one] = fmt

    def format(self, record: logging.LogRecord) -> str:
        """A record in words: those of its level or, of a level that programs made up,
        of the standard level below."""
        below = [level for level in self.formatters if level <= record.levelno]
        level = max(below, default=min(self.formatters))
        formatter = self.formatters[level] or logging.Formatter()
        return formatter.format(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Publish a record."""
        topic, delimiter, text = str(record.msg).partition(TOPIC_DELIM)
        if delimiter:
            record = copy(record)  # it is other handlers', too
            record.msg = text
        try:
            body = self.format(record).encode()
        except Exception:
            self.handleError(record)
            return
        parts = [self.root_topic, record.levelname, topic if delimiter else ""]
        name = ".".join(part for part in parts if part)
        self.socket.send_multipart([name.encode("utf-8", "replace"), body])


class TopicLogger(logging.Logger):
    """A logger whose methods take a topic before the message."""

    def log(  # type: ignore[override]
        self, level: int, topic: str, msg: str, *args: Any, **kwargs: Any
    ) -> None:
        """Log `msg` with a topic; the rest as of `logging.Logger.log`."""
        text = f"{topic}{TOPIC_DELIM}{msg}"
        # Otherwise this line here would be where it comes from.
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        super().log(level, text, *args, **kwargs)

    def exception(self, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """`logging.Logger.exception` with a topic."""
        kwargs.setdefault("exc_info", True)
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        self.log(logging.ERROR, topic, msg, *args, **kwargs)


def _at(level: int) -> Any:
    def log(self: TopicLogger, topic: str, msg: str, *args: Any, **kwargs: Any) -> None:
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1
        self.log(level, topic, msg, *args, **kwargs)

    log.__doc__ = "Log with a topic, at the level of this name."
    return log


for _name, _level in {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
}.items():
    setattr(TopicLogger, _name, _at(_level))
