"""A job says all that a process needs to make a product: recipe, paths, cards, marks, and the memory it takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.reduction import made_frames as made
from toros.reduction.batch import Batch
from toros.reduction.calibrate import calibration_of
from toros.reduction.choice import Rules
from toros.reduction.inventory import Inventory, Seen, list_files
from toros.reduction.jobs import Jobs
from toros.reduction.masters import Master
from toros.reduction.structure import Limits


@pytest.fixture
def night(tmp_path: Path) -> tuple[Inventory, list[Master]]:
    """A night that was looked at, and its masters."""
    files, marks = list_files(made.write_night(tmp_path / "raw", lights=1))
    batch = Batch(tmp_path / "out")
    inventory = batch.look([(path, f"raw:{path.name}") for path in files], marks)
    return inventory, batch.make_masters(inventory)[0]


@pytest.fixture
def jobs(tmp_path: Path) -> Jobs:
    return Jobs(tmp_path / "out", Limits(), True, Rules())


def test_a_light_knows_the_path_of_everything_that_its_recipe_names(
    night: tuple[Inventory, list[Master]], jobs: Jobs
) -> None:
    (light,), masters = night[0].light, night[1]
    job = jobs.of_light("calibrated/light-000", light, calibration_of(light, masters))
    assert {i.name for i in job.recipe.inputs} <= set(job.paths)
    assert all(Path(path).is_file() for path in job.paths.values())
    assert Path(job.output) == jobs.output / "calibrated/light-000.fits"
    assert {Path(p).name for p in job.thumbnails.values()} == {"light-000-before.png", "light-000-after.png"}
    assert job.compress
    assert "the dark of 60 s was scaled to 30 s" in job.marks
    assert len(job.marks) == len(set(job.marks))


def test_a_frame_smaller_than_its_pixels_is_packed_and_takes_more_memory(
    night: tuple[Inventory, list[Master]], jobs: Jobs
) -> None:
    (light,), masters = night[0].light, night[1]
    plan = calibration_of(light, masters)
    rows, columns = light.shape
    plain, packed, zipped = (
        jobs.of_light("calibrated/x", one, plan).need.memory
        for one in (
            light,
            replace(light, size=rows * columns),
            replace(
                light, size=rows * columns, name="raw:light.fits.gz", path="light.fits.gz"
            ),  # unpacked to the disk as it is read
        )
    )
    assert packed > plain
    assert zipped == plain


@pytest.mark.parametrize("kind", ["bias", "dark", "flat", "bad_pixels"])
def test_only_a_packed_master_takes_more_memory(
    kind: str, night: tuple[Inventory, list[Master]], tmp_path: Path
) -> None:
    (light,), masters = night[0].light, night[1]
    need = memory_of(light, masters, tmp_path)
    assert need == memory_of(light, [m for m in masters if m.kind != "bad_pixels"], tmp_path)
    small = [replace(m, size=m.shape[0] * m.shape[1] // 2) if m.kind == kind else m for m in masters]
    assert memory_of(light, small, tmp_path) > need


def memory_of(light: Seen, masters: list[Master], folder: Path) -> float:
    """Return the memory that a light takes with these masters; MiB."""
    job = Jobs(folder, Limits(), False, Rules()).of_light("calibrated/x", light, calibration_of(light, masters))
    return job.need.memory
