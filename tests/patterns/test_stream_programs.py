"""STREAM with programs that have never heard of ZeroMQ."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Iterator

import pytest
from library import Library
from patience import PATIENCE, Background, until

TRAFFIC = os.urandom(3_000_000)


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(TRAFFIC)))
        self.end_headers()
        self.wfile.write(TRAFFIC)

    def log_message(self, format: str, *args: object) -> None:
        """Quietly."""


@pytest.fixture
def http_server() -> Iterator[str]:
    """The standard library's; where it is."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"tcp://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.core
def test_an_http_server(zmq: Library, http_server: str) -> None:
    stream = zmq.socket(zmq.STREAM, linger=0)
    stream.connect(http_server)
    name = stream.get(zmq.ROUTING_ID)
    stream.send_multipart([name, b"GET / HTTP/1.0\r\n\r\n"])
    assert stream.recv_multipart() == [name, b""]
    answer = b""
    while True:
        sender, piece = stream.recv_multipart()
        if not piece:
            break  # HTTP/1.0 ends with the connection
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 OK\r\n")
    assert body == TRAFFIC


class _Answering:
    """A STREAM that is an HTTP server, for so many requests."""

    def __init__(self, zmq: Library, requests: int) -> None:
        self._zmq = zmq
        self._stream = zmq.socket(zmq.STREAM, linger=0)
        endpoint = zmq.bind(self._stream, "tcp")
        self.url = endpoint.replace("tcp:", "http:") + "/"
        self._left = requests
        self._serving = Background(self._serve)

    def _serve(self) -> None:
        asked: dict[bytes, bytes] = {}
        while self._left:
            name, data = self._stream.recv_multipart()
            asked[name] = asked.get(name, b"") + data
            if b"\r\n\r\n" in asked[name]:
                del asked[name]
                self._left -= 1
                head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
                self._stream.send_multipart([name, head + TRAFFIC])
                self._stream.send_multipart([name, b""])

    def pump(self, work: Background[bytes]) -> bytes:
        """What `work` gives, which takes calls of a libzmq socket after the last."""
        self._serving.result()
        until(lambda: self._stream.poll(1) or not work.running)
        return work.result()


@pytest.mark.core
def test_an_http_client(zmq: Library) -> None:
    server = _Answering(zmq, 1)

    def get() -> bytes:
        with urllib.request.urlopen(server.url, timeout=PATIENCE) as answer:
            data: bytes = answer.read()
            return data

    assert server.pump(Background(get)) == TRAFFIC


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_curl(zmq: Library) -> None:
    server = _Answering(zmq, 3)
    curl = str(shutil.which("curl"))

    def get() -> bytes:
        # Without an environment, in which there may be a sanitizer for this process.
        command = [curl, "-sS", "--noproxy", "*", "--max-time", str(PATIENCE)]
        return b"".join(
            subprocess.run([*command, server.url], stdout=-1, check=True, env={}).stdout
            for _ in range(3)
        )

    assert server.pump(Background(get)) == TRAFFIC * 3


@pytest.mark.skipif(not shutil.which("nc"), reason="there is no netcat")
def test_netcat(zmq: Library) -> None:
    stream = zmq.socket(zmq.STREAM)
    host, port = zmq.bind(stream, "tcp")[len("tcp://") :].split(":")
    pipe = subprocess.PIPE
    with subprocess.Popen(["nc", host, port], stdin=pipe, stdout=pipe) as nc:
        assert nc.stdin is not None and nc.stdout is not None
        nc.stdin.write(b"hello\n")
        nc.stdin.flush()
        name = stream.recv_multipart()[0]
        assert stream.recv_multipart() == [name, b"hello\n"]
        stream.send_multipart([name, b"bye\n"])
        assert nc.stdout.readline() == b"bye\n"
        nc.terminate()
    assert stream.recv_multipart() == [name, b""]
