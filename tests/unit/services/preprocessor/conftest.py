"""A desk whose work is done where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.preprocessor import SERVICE
from tests.unit.services.preprocessor.desk import Here
from tests.unit.services.rehearsal import Rehearsal, rehearsing


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Rehearsal]:
    """A desk with empty roots."""
    with rehearsing(tmp_path / "state", "preprocessor", SERVICE.tables) as context:
        context.engine = Here()  # type: ignore[assignment]
        yield context
