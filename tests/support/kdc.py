"""A realm of Kerberos for tests: its own database, keys and KDC, on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from patience import until

from pymq.zmtp import gss

REALM = "PYMQ.TEST"
SERVICE = b"zmq@localhost"
USERS = ("alice", "bob")
KRB5 = 2  # a principal of Kerberos, as the type of a name
PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local")

_KRB5 = """\
[libdefaults]
    default_realm = {realm}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
    }}
"""
_KDC = """\
[kdcdefaults]
    kdc_listen = ""
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        acl_file = {folder}/acl
    }}
"""


def missing() -> str:
    """Which program is not there (Debian: krb5-kdc, krb5-admin-server), or ""."""
    return next((name for name in PROGRAMS if not _find(name)), "")


def _find(name: str) -> str:
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    return shutil.which(name, path=path) or ""


#: What a test that asks for it has to be marked with.
NEEDS = [
    pytest.mark.only("pymq"),
    pytest.mark.skipif(not gss.available(), reason="the package gssapi is not there"),
    pytest.mark.skipif(missing() != "", reason=f"no {missing()}"),
]


class Kdc:
    """The realm, while it runs; `environment` is what makes a process belong to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._holder = socket.socket()  # keeps the port from others; see Library
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind(("127.0.0.1", 0))
        self._port = self._holder.getsockname()[1]
        words = {"realm": REALM, "port": self._port, "folder": folder}
        (folder / "krb5.conf").write_text(_KRB5.format(**words))
        (folder / "kdc.conf").write_text(_KDC.format(**words))
        self.environment = {
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
            "KRB5_KTNAME": str(folder / "server.keytab"),
            "KRB5_CLIENT_KTNAME": str(folder / "users.keytab"),
            "KRB5CCNAME": f"DIR:{folder}/tickets",
            "KRB5RCACHEDIR": str(folder),
        }
        (folder / "tickets").mkdir()
        self._make()
        self._process = self._serve()

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [_find(program), *arguments],
            env={**os.environ, **self.environment},
            check=True,
            capture_output=True,
            timeout=60,
        )

    def _make(self) -> None:
        self._run("kdb5_util", "create", "-s", "-P", "master", "-r", REALM)
        for name in ("zmq/localhost", *USERS):
            keytab = "users" if name in USERS else "server"
            file = self._folder / f"{keytab}.keytab"
            self._run("kadmin.local", "-q", f"addprinc -randkey {name}")
            self._run("kadmin.local", "-q", f"ktadd -k {file} {name}")

    def _serve(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [_find("krb5kdc"), "-n"],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._answers)
        return process

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        self._holder.close()
