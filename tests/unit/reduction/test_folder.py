"""A folder is reduced by one call, and the example of the documentation is what a person can run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.reduction import made_frames as made
from toros.errors import BadFrame
from toros.reduction.flags import Flag
from toros.reduction.folder import reduce_folder

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "reduce_in_a_notebook.rst"


def test_the_example_of_the_documentation_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made.write_night(tmp_path / "raw" / "2026-11-20")
    (tmp_path / "raw" / "2026-11-20" / "broken.fits").write_bytes(b"no frame")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)", PAGE.read_text(encoding="utf-8"))
    assert len(blocks[0].strip().splitlines()) <= 11
    names: dict[str, Any] = {}
    for block in blocks:
        exec(re.sub(r"^   ", "", block, flags=re.MULTILINE), names)
    told = capsys.readouterr().out
    assert "broken.fits is not a FITS file" in told
    assert "calibrated/light-001" in told
    assert [p.kind for p in names["night"].masters] == [
        "master_bias", "master_dark", "master_flat", "master_bad_pixels",
    ]  # fmt: skip
    assert names["frame"].unit == "electron"


def test_the_page_explains_every_reason_to_mask_a_pixel() -> None:
    rows = re.findall(r"^   (\d+) +\S", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [int(row) for row in rows] == [int(flag) for flag in Flag]


def test_a_folder_without_frames_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFrame, match="holds no FITS file"):
        reduce_folder(tmp_path, tmp_path / "out")
