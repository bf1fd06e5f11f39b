"""A camera that is written is read as the same camera."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.reduction.cameras.test_written import WHOLE, read
from toros.reduction.cameras.camera import Camera, load_cameras
from toros.reduction.cameras.file_text import file_text
from toros.reduction.cameras.written import read_camera


@pytest.mark.parametrize("camera", load_cameras(), ids=lambda camera: camera.name)
def test_the_cameras_of_toros_survive(camera: Camera, tmp_path: Path) -> None:
    file = tmp_path / f"{camera.name}.yaml"
    file.write_text(file_text(camera))
    assert read_camera(file) == camera


def test_every_key_survives(tmp_path: Path) -> None:
    camera = read(tmp_path, WHOLE)
    assert read(tmp_path, file_text(camera)) == camera


def test_what_is_usual_is_not_written() -> None:
    assert file_text(Camera("any")) == ""
    assert file_text(Camera("any", gain=1.5, timezone="-07:00")) == "gain: 1.5\ntimezone: -07:00\n"
