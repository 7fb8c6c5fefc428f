"""Authentication: a ZAP handler with pyzmq's API, and files of keys.

The handler knows addresses, passwords and certificates (RFC 27).  `Socket.bind` with
``auth`` needs none of it; see ``docs/authentication.md``.
"""

from __future__ import annotations

from ..applicant import Applicant
from .base import CURVE_ALLOW_ANY, Authenticator
from .certs import create_certificates, load_certificate, load_certificates
from .keys import key

__all__ = [
    "CURVE_ALLOW_ANY",
    "Authenticator",
    "Applicant",
    "create_certificates",
    "key",
    "load_certificate",
    "load_certificates",
]
