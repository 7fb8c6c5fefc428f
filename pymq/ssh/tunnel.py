"""Tunnels: a port here that leads to one that only an ssh server can reach.

By default the command ``ssh`` makes them, with pexpect to answer its questions; or
paramiko, in a process.  Neither is needed to import this.  Arguments of the command are
passed one by one, not through a shell.
"""

from __future__ import annotations

import atexit
import os
import re
import shlex
import signal
import socket as _socket
import sys
from getpass import getpass, getuser
from importlib import import_module
from multiprocessing import Process
from typing import Any, Union

_TRIES = 10  # looks at what ssh says
_LOOK = 1.0  # seconds
_QUESTIONS = (
    "Are you sure you want to continue connecting",
    re.compile(rb"pass(word|phrase)", re.IGNORECASE),
)


class SSHException(Exception):
    """The host is not one that is known."""


class MaxRetryExceeded(Exception):
    """ssh neither came through nor failed."""


def select_random_ports(n: int) -> list[int]:
    """`n` different ports that are free now."""
    held = [_socket.socket() for _ in range(n)]
    try:
        for sock in held:
            sock.bind(("", 0))
        return [sock.getsockname()[1] for sock in held]
    finally:
        for sock in held:
            sock.close()


def try_passwordless_ssh(
    server: str, keyfile: Union[str, None], paramiko: Union[bool, None] = None
) -> bool:
    """Whether ``user@server:port`` lets us in without a password; `keyfile` is that of
    a private key.  With `paramiko` True by that, else by ssh; None chooses.

    ImportError without pexpect or paramiko, SSHException for an unknown host.
    """
    chosen = sys.platform == "win32" if paramiko is None else paramiko
    return (_try_paramiko if chosen else _try_openssh)(server, keyfile)


def tunnel_connection(
    socket: Any,
    addr: str,
    server: str,
    keyfile: Union[str, None] = None,
    password: Union[str, None] = None,
    paramiko: Union[bool, None] = None,
    timeout: int = 60,
) -> Union[Process, int]:
    """Connect a socket to `addr`, a tcp endpoint, through an ssh server; returns the
    tunnel.  Arguments, `timeout` in seconds, and errors as of `openssh_tunnel`."""
    url, tunnel = open_tunnel(
        addr, server, keyfile, password, paramiko=paramiko, timeout=timeout
    )
    socket.connect(url)
    return tunnel


def open_tunnel(
    addr: str,
    server: str,
    keyfile: Union[str, None] = None,
    password: Union[str, None] = None,
    paramiko: Union[bool, None] = None,
    timeout: int = 60,
) -> tuple[str, Union[Process, int]]:
    """The endpoint here that leads to `addr`, and the tunnel; else as
    `tunnel_connection`."""
    chosen = sys.platform == "win32" if paramiko is None else paramiko
    local = select_random_ports(1)[0]
    host, _, port = addr.partition("://")[2].rpartition(":")
    make = paramiko_tunnel if chosen else openssh_tunnel
    tunnel = make(
        local,
        int(port),
        server,
        remoteip=host,
        keyfile=keyfile,
        password=password,
        timeout=timeout,
    )
    return f"tcp://127.0.0.1:{local}", tunnel


def openssh_tunnel(
    lport: int,
    rport: int,
    server: str,
    remoteip: str = "127.0.0.1",
    keyfile: Union[str, None] = None,
    password: Union[str, None] = None,
    timeout: int = 60,
) -> int:
    """Lead port `lport` here to `rport` of `remoteip`, as ``user@server:port`` sees
    it; returns the id of a process.

    It ends when it is not used, but not within the first `timeout` seconds.  A master
    connection of ssh (ControlMaster) is used if there is one.  A password that is
    needed and not given is asked for.  ImportError without pexpect, SSHException for an
    unknown host, RuntimeError if ssh fails.
    """
    pexpect = _need("pexpect", "openssh_tunnel")
    base = _ssh(server, keyfile)
    forward = f"127.0.0.1:{lport}:{remoteip}:{rport}"
    master = _master(pexpect, base)
    if master and not _run(pexpect, [*base, "-O", "forward", "-L", forward])[1]:
        undo = [*base, "-O", "cancel", "-L", forward]
        atexit.register(_run, pexpect, undo)
        return master
    command = [*base[:-1], "-f", "-S", "none", "-L", forward, base[-1]]
    return _log_in(pexpect, [*command, "sleep", str(timeout)], server, password)


def paramiko_tunnel(
    lport: int,
    rport: int,
    server: str,
    remoteip: str = "127.0.0.1",
    keyfile: Union[str, None] = None,
    password: Union[str, None] = None,
    timeout: int = 60,
) -> Process:
    """As `openssh_tunnel`, with paramiko in a daemon process, which is returned; it
    ends with us, and knows no `timeout`.  ImportError without paramiko."""
    _need("paramiko", "paramiko_tunnel")
    if password is None and not _try_paramiko(server, keyfile):
        password = getpass(f"{server}'s password: ")
    tunnel = Process(
        target=_forward,
        args=(lport, rport, server, remoteip, keyfile, password),
        daemon=True,
    )
    tunnel.start()
    return tunnel


ssh_tunnel: Any = paramiko_tunnel if sys.platform == "win32" else openssh_tunnel


def _need(name: str, what: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise ImportError(f"{what} needs {name}: pip install {name}") from None


def _ssh(server: str, keyfile: Union[str, None]) -> list[str]:
    """The command, with the host at its end."""
    host, _, port = server.partition(":")
    options = ["-i", keyfile] if keyfile else []
    options += ["-p", port] if port else []
    return ["ssh", *options, host]


def _run(pexpect: Any, command: list[str]) -> tuple[bytes, int]:
    output, code = pexpect.run(shlex.join(command), withexitstatus=True)
    return output, code


def _master(pexpect: Any, base: list[str]) -> int:
    """The process of a master connection; 0 if there is none."""
    output, code = _run(pexpect, [*base, "-O", "check"])
    found = re.search(rb"\(pid=(\d+)\)", output)
    return int(found[1]) if found and not code else 0


def _spawn(pexpect: Any, command: list[str]) -> Any:
    variables = {k: v for k, v in os.environ.items() if k != "SSH_ASKPASS"}
    return pexpect.spawn(command[0], command[1:], env=variables)


def _next_question(pexpect: Any, ssh: Any) -> bool:
    """Whether ssh asks for a password; if not, it has ended."""
    for _ in range(_TRIES):
        asked = ssh.expect([*_QUESTIONS, pexpect.EOF, pexpect.TIMEOUT], timeout=_LOOK)
        if asked == 0:
            raise SSHException("The authenticity of the host can't be established.")
        if asked < 3:
            return bool(asked == 1)
    raise MaxRetryExceeded(f"ssh said nothing for {_TRIES * _LOOK:g} s")


def _log_in(
    pexpect: Any, command: list[str], server: str, password: Union[str, None]
) -> int:
    ssh = _spawn(pexpect, command)
    tried = False
    while _next_question(pexpect, ssh):
        if tried:
            print("Password rejected, try again")
            password = None
        if password is None:
            password = getpass(f"{server}'s password: ")
        ssh.sendline(password)
        tried = True
    ssh.close()
    if ssh.exitstatus:
        said = ssh.before.decode(errors="replace").strip()
        raise RuntimeError(f"tunnel {shlex.join(command)!r} failed to start: {said}")
    return int(ssh.pid)


def _try_openssh(server: str, keyfile: Union[str, None]) -> bool:
    pexpect = _need("pexpect", "ssh")
    base = _ssh(server, keyfile)
    ssh = _spawn(pexpect, [*base[:-1], "-f", base[-1], "exit"])
    try:
        return not _next_question(pexpect, ssh)
    finally:
        ssh.close(force=True)


def _split(server: str) -> tuple[str, str, int]:
    """``user@host:port`` in its parts."""
    user, _, host = server.rpartition("@")
    host, _, port = host.partition(":")
    return user or getuser(), host, int(port or 22)


def _log_in_with_paramiko(
    server: str, keyfile: Union[str, None], password: Union[str, None]
) -> Any:
    """A client that is connected; `paramiko.AuthenticationException`.

    PYZMQ_PARAMIKO_HOST_KEY_POLICY names what becomes of unknown hosts: AutoAdd, Reject
    (the default) or Warning.
    """
    paramiko = _need("paramiko", "paramiko_tunnel")
    user, host, port = _split(server)
    client = paramiko.SSHClient()
    client.load_system_host_keys()
    policy = os.environ.get("PYZMQ_PARAMIKO_HOST_KEY_POLICY") or "Reject"
    client.set_missing_host_key_policy(getattr(paramiko, f"{policy}Policy")())
    client.connect(
        host,
        port,
        username=user,
        key_filename=keyfile,
        look_for_keys=True,
        password=password,
    )
    return client


def _try_paramiko(server: str, keyfile: Union[str, None]) -> bool:
    paramiko = _need("paramiko", "paramiko_tunnel")
    try:
        _log_in_with_paramiko(server, keyfile, None).close()
    except paramiko.AuthenticationException:
        return False
    return True


def _forward(
    lport: int,
    rport: int,
    server: str,
    remoteip: str,
    keyfile: Union[str, None],
    password: Union[str, None],
) -> None:
    """What the process of `paramiko_tunnel` does."""
    from .forward import forward_tunnel

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # that is for who started us
    try:
        client = _log_in_with_paramiko(server, keyfile, password)
        forward_tunnel(lport, remoteip, rport, client.get_transport())
    except Exception as error:
        sys.exit(f"tunnel to {server}: {error!r}")


__all__ = [
    "openssh_tunnel",
    "paramiko_tunnel",
    "ssh_tunnel",
    "try_passwordless_ssh",
    "tunnel_connection",
]
