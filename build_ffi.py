"""Builds the C core: ``csrc/*.c`` and the CFFI module that wraps them, `pymq._core`.

``python build_ffi.py`` builds it in the source tree, for development.  setuptools
takes its commands from here (``[tool.setuptools.cmdclass]``) for ``pip install .``.

Environment:
    PYMQ_PURE=1         build no C core: a pure-Python wheel
    PYMQ_NATIVE=1       a missing compiler is an error, not a pure-Python wheel
    PYMQ_WERROR=1       warnings of ``csrc/`` are errors
    PYMQ_SANITIZE=LIST  address,undefined or thread: instrument the C core

Without PYMQ_PURE and PYMQ_NATIVE, the C core is built where a C compiler can
compile and link a trivial extension.  Where it can, an error in ``csrc/`` is an
error: broken C never passes for "no compiler".
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

# setuptools brings distutils where Python no longer has it.
from setuptools import Distribution, Extension
from setuptools.command.bdist_wheel import bdist_wheel as _bdist_wheel
from setuptools.command.build import build as _build
from setuptools.command.build_ext import build_ext as _build_ext
from setuptools.command.build_py import build_py as _build_py
from setuptools.command.sdist import sdist as _sdist
from setuptools.errors import CompileError, LinkError, PlatformError, SetupError

from distutils.ccompiler import new_compiler  # isort: skip
from distutils.sysconfig import customize_compiler  # isort: skip

if TYPE_CHECKING:
    from cffi import FFI

ROOT = Path(__file__).resolve().parent
CSRC = "csrc"
MODULE = "pymq._core"
RECORD = "pymq/_build.json"

# The oldest CPython that the limited-API wheel runs on; `requires-python` agrees.
OLDEST = "cp39"

STRICT = ["-Wall", "-Wextra", "-Wconversion"]
BROKEN = "csrc/ does not compile here; PYMQ_PURE=1 installs pymq without its C core"
BANNER = """
************************************************************************
 pymq is being built WITHOUT its C core, as a pure-Python package:
 {reason}
************************************************************************
"""

# Without _GNU_SOURCE, strict C11 hides most of the system's calls.
COMMON = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-fvisibility=hidden", "-pthread"]


# -- the CFFI module ---------------------------------------------------------------


def cdef() -> str:
    """``csrc/pymq.h`` without its preprocessor lines: what CFFI parses."""
    lines = (ROOT / CSRC / "pymq.h").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


def ffi_builder() -> FFI:
    """The CFFI builder of `pymq._core`; compiled together with ``csrc/*.c``."""
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(cdef())
    included = (
        "pymq.h",
        "objects.h",
        "gil.h",
        "owner.h",
        "exporter.h",
        "counted.h",
        "builtin.h",
    )
    ffi.set_source(MODULE, "".join(f'#include "{name}"\n' for name in included))
    return ffi


def sources() -> list[str]:
    """The C files of the core, relative to the root."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / CSRC).glob("*.c"))


def headers() -> list[str]:
    """The headers of the core, relative to the root."""
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / CSRC).glob("*.h"))


def limited_api() -> bool:
    """Whether one binary can serve many Python versions: CPython with the GIL."""
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    debug = bool(sysconfig.get_config_var("Py_DEBUG"))
    return sys.implementation.name == "cpython" and not free_threaded and not debug


def extension() -> Extension:
    """`pymq._core`, as setuptools wants it; `build_ext` fills in the sources."""
    macros: list[tuple[str, str | None]] = [("_CFFI_NO_LIMITED_API", None)]
    if limited_api():
        macros = [("Py_LIMITED_API", f"0x03{int(OLDEST[3:]):02x}0000")]
    return Extension(
        MODULE,
        sources=[],
        depends=[*headers(), *sources()],
        include_dirs=[CSRC],
        define_macros=macros,
        py_limited_api=limited_api(),
    )


# -- what to build -----------------------------------------------------------------


class Plan(NamedTuple):
    """What is going to be built; `reason` says why without the C core."""

    native: bool
    reason: str


def flag(name: str) -> bool:
    """Whether an environment variable asks for something."""
    return os.environ.get(name, "").strip().lower() not in ("", "0", "no", "false")


@functools.cache
def plan() -> Plan:
    """Decide, once in a process; raise if what was asked for is impossible."""
    if flag("PYMQ_PURE") and flag("PYMQ_NATIVE"):
        raise SetupError("PYMQ_PURE and PYMQ_NATIVE exclude each other")
    if flag("PYMQ_PURE"):
        return Plan(False, "PYMQ_PURE was set when pymq was built")
    fault = compiler_fault()
    if fault and flag("PYMQ_NATIVE"):
        raise PlatformError(f"PYMQ_NATIVE is set, but {fault}")
    return Plan(not fault, fault)


def compiler_fault() -> str:
    """Why no extension module can be built here; empty if one can."""
    if sys.platform == "win32":
        return "the C core is not written for Windows"
    compiler: Any = new_compiler()
    customize_compiler(compiler)
    paths = sysconfig.get_paths()
    include = [f"-I{paths['include']}", f"-I{paths['platinclude']}"]
    cc, link = compiler.compiler_so, compiler.linker_so
    steps = (
        ("no C compiler works", [*cc, "-c", "plain.c"]),
        ("Python.h is missing", [*cc, *include, "-c", "python.c"]),
        ("no linker works", [*link, "plain.o", "-o", "plain.so"]),
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "plain.c").write_text("int plain(void) { return 0; }\n")
        Path(folder, "python.c").write_text("#include <Python.h>\nint python;\n")
        for meaning, command in steps:
            error = failure(command, folder)
            if error:
                return f"{meaning} ({error})"
    return ""


def failure(command: list[str], folder: str) -> str:
    """Run a compiler; the first line of its complaint, or empty."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
    return (lines or done.stderr.splitlines() or [f"exit {done.returncode}"])[0]


def sanitizers() -> list[str]:
    """The flags for PYMQ_SANITIZE, for compiling and for linking."""
    wanted = os.environ.get("PYMQ_SANITIZE", "").strip()
    if not wanted:
        return []
    return [f"-fsanitize={wanted}", "-fno-omit-frame-pointer", "-g"]


def flags() -> list[str]:
    """How ``csrc/`` is compiled.  CFFI's own output is not clean under STRICT."""
    errors = ["-Werror"] if flag("PYMQ_WERROR") else []
    return [*COMMON, *STRICT, *errors, *sanitizers()]


def apply(distribution: Distribution) -> Plan:
    """Give a distribution its extension module, or none."""
    chosen = plan()
    distribution.ext_modules = [extension()] if chosen.native else []
    return chosen


# -- setuptools' commands ----------------------------------------------------------


class build(_build):
    """Decides early, and leaves no ``build/`` behind.

    A kept ``build/`` puts deleted modules into later wheels, and two builds from
    one tree (tox makes several) would write over each other.
    """

    def initialize_options(self) -> None:
        super().initialize_options()
        apply(self.distribution)
        self.build_base = tempfile.mkdtemp(prefix="pymq-build-")
        atexit.register(shutil.rmtree, self.build_base, ignore_errors=True)


class build_py(_build_py):
    """Also records in the package what was built, for ``pymq info``."""

    def run(self) -> None:
        super().run()
        chosen = plan()
        if not chosen.native:
            print(BANNER.format(reason=chosen.reason), file=sys.stderr, flush=True)
        if not self.editable_mode:
            target = Path(self.build_lib, RECORD)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(record(chosen), indent=2) + "\n")


def record(chosen: Plan) -> dict[str, object]:
    """What ``pymq info`` can say about the build."""
    return {
        "native": chosen.native,
        "reason": chosen.reason,
        "python": f"{sys.implementation.name} {sys.version.split()[0]}",
        "platform": sysconfig.get_platform(),
        "limited_api": chosen.native and limited_api(),
        "flags": " ".join(flags()) if chosen.native else "",
    }


class build_ext(_build_ext):
    """Compiles ``csrc/`` under strict warnings, CFFI's output without."""

    def build_extension(self, ext: Extension) -> None:
        generated = Path(self.build_temp, "_core.c")
        generated.parent.mkdir(parents=True, exist_ok=True)
        ffi_builder().emit_c_code(str(generated))
        ext.sources = [str(generated)]
        ext.extra_compile_args = [*COMMON, *sanitizers()]
        ext.extra_link_args = ["-pthread", *sanitizers()]
        try:
            ext.extra_objects = self.compiler.compile(
                sources(),
                output_dir=self.build_temp,
                include_dirs=[CSRC],
                extra_postargs=flags(),
            )
            super().build_extension(ext)
        except (CompileError, LinkError) as error:
            raise type(error)(f"{error}\n{BROKEN}") from error

    def get_source_files(self) -> list[str]:
        return [*headers(), *sources()]


class bdist_wheel(_bdist_wheel):
    """One wheel for every CPython, or one for this Python, or a pure one."""

    def finalize_options(self) -> None:
        if apply(self.distribution).native and limited_api():
            self.py_limited_api = OLDEST
        super().finalize_options()


class sdist(_sdist):
    """Carries the C core whatever this machine can build."""

    def make_distribution(self) -> None:
        extra = ["build_ffi.py", "tox.ini", *headers(), *sources()]
        for pattern in ("tests/**/*", "docs/**/*.md", "docs/models/*.pml"):
            found = (path for path in ROOT.glob(pattern) if path.is_file())
            extra += [str(path.relative_to(ROOT)) for path in found]
        self.filelist.extend([name for name in extra if "__pycache__" not in name])
        super().make_distribution()


def main() -> None:
    """Build `pymq._core` in the source tree."""
    os.chdir(ROOT)
    distribution = Distribution({"name": "pymq", "cmdclass": CLASSES})
    chosen = apply(distribution)
    if not chosen.native:
        sys.exit(f"no C core: {chosen.reason}")
    command = distribution.get_command_obj("build_ext")
    command.inplace = True
    distribution.run_command("build_ext")


CLASSES = {"build": build, "build_ext": build_ext}

if __name__ == "__main__":
    main()
