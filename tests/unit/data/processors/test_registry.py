"""A processor of somebody else's is a function and an entry point; the documentation's own is tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from toros.data.processors import registry
from toros.data.processors.options import PhotometryOptions
from toros.data.processors.reading import MICROSECONDS_A_DAY, Reading


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install it as pip would."""
    package = tmp_path / "mytelescope-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: mytelescope\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[toros.processors]\nphotometry.mytelescope = mytelescope:read\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    registry._entry_points.cache_clear()
    yield
    monkeypatch.undo()
    registry._entry_points.cache_clear()


@pytest.mark.usefixtures("installed")
def test_the_documentation_s_processor(tmp_path: Path) -> None:
    path = tmp_path / "night.dat"
    path.write_text("2459000.75 15.58 0.01\n2459001.75 cloud 0.01\n2459002.75 15.60 0.01\n")
    assert registry.processors("photometry")[-1] == "table" and "mytelescope" in registry.processors("photometry")
    for options in (PhotometryOptions(), PhotometryOptions(layout="mytelescope")):
        reading = registry.read_product(path, "photometry", options)
        assert isinstance(reading, Reading) and reading.layout == "MyTelescope"
        assert (reading.points.time / MICROSECONDS_A_DAY).tolist() == [59000.25, 59002.25]
        assert [str(each) for each in reading.problems.first] == ["line 2: magnitude 'cloud' is not a number"]
