"""Connections through ssh (pyzmq's API)."""

from __future__ import annotations

from .tunnel import openssh_tunnel as openssh_tunnel
from .tunnel import paramiko_tunnel as paramiko_tunnel
from .tunnel import ssh_tunnel as ssh_tunnel
from .tunnel import try_passwordless_ssh as try_passwordless_ssh
from .tunnel import tunnel_connection as tunnel_connection

__all__ = [
    "openssh_tunnel",
    "paramiko_tunnel",
    "ssh_tunnel",
    "try_passwordless_ssh",
    "tunnel_connection",
]
