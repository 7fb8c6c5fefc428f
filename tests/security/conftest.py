"""A realm of Kerberos, for who asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import kdc
import pytest


@pytest.fixture(scope="package")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """This process belongs to it."""
    folder: Path = tmp_path_factory.mktemp("kdc")
    try:
        made = kdc.Kdc(folder)
    except Exception as error:  # whatever a system may have against it
        pytest.skip(f"no KDC: {error}")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.environment.items():
            patch.setenv(name, value)
        yield
    made.stop()
