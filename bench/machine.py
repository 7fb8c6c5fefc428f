"""What machine a run was made on: whatever may explain its figures."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Union

Facts = dict[str, Union[str, int, None]]

FOLDER = str(Path(__file__).parent)
#: Where Linux tells; a fact is left out where there is no such file.
FILES = {
    "congestion control": "/proc/sys/net/ipv4/tcp_congestion_control",
    "tcp send buffer (min default max)": "/proc/sys/net/ipv4/tcp_wmem",
    "tcp receive buffer (min default max)": "/proc/sys/net/ipv4/tcp_rmem",
    "unix send buffer": "/proc/sys/net/core/wmem_default",
    "loopback MTU": "/sys/class/net/lo/mtu",
    "frequency governor": "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
    "hypervisor": "/sys/hypervisor/type",
    "product": "/sys/class/dmi/id/product_name",
}


def facts() -> Facts:
    """Facts by name."""
    found: Facts = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "usable cores": usable(),
        "memory": memory(),
        "system": distribution(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load at the start": load(),
        "compiler": first_line("cc", "--version"),
        "commit": first_line(
            "git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"
        ),
    }
    found.update({name: contents(path) for name, path in FILES.items()})
    found["frequency governor"] = found["frequency governor"] or "not known"
    return {name: fact for name, fact in found.items() if fact not in (None, "")}


def contents(path: str) -> str:
    """A file's only line; empty if it cannot be read."""
    try:
        return " ".join(Path(path).read_text().split())
    except OSError:
        return ""


def processor() -> str:
    """The processor's name and its highest frequency, as far as the system tells."""
    for line in contents_lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def memory() -> str:
    """All of it, in GiB."""
    for line in contents_lines("/proc/meminfo"):
        if line.startswith("MemTotal"):
            return f"{int(line.split()[1]) / 2**20:.1f} GiB"
    return ""


def distribution() -> str:
    """The name of the system."""
    for line in contents_lines("/etc/os-release"):
        if line.startswith("PRETTY_NAME"):
            return line.partition("=")[2].strip('"')
    return ""


def contents_lines(path: str) -> list[str]:
    """A file's lines; none if it cannot be read."""
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def usable() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load() -> str:
    """Of 1, 5 and 15 minutes."""
    if not hasattr(os, "getloadavg"):
        return ""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def first_line(*command: str) -> str:
    """What a command says first; empty if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.splitlines()[0] if done.stdout and not done.returncode else ""
