"""A master of more frames than one order carries is made, and all of them are known afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

from services.data_manager import SERVICE as DATA_MANAGER
from services.data_manager.products import answer_find_products, ingest_data_product
from tests.unit.reduction import made_frames as made
from tests.unit.services.preprocessor.desk import BATCH, made_by, products_of, raw
from tests.unit.services.rehearsal import Rehearsal, rehearsing
from toros.network import wire
from toros.reduction.recipe import Recipe
from workorders.data import FindProducts

FRAMES = 1100  # one order carries 1000
SHAPE = (4, 16)


def write_biases(folder: Path) -> None:
    """Write many frames that differ in their pixels only."""
    folder.mkdir(parents=True)
    made.write_frame(folder / "first.fits", made.counts("bias", 0, 1, SHAPE), IMAGETYP="BIAS", EXPTIME=0.0)
    first = (folder / "first.fits").read_bytes()
    (folder / "first.fits").unlink()
    head = len(first) - 2880
    counts = np.random.default_rng(1).integers(950, 1050, (FRAMES, *SHAPE)) - 32768
    for n, pixels in enumerate(counts.astype(">i2")):
        (folder / f"bias-{n:04d}.fits").write_bytes(first[:head] + pixels.tobytes().ljust(2880, b"\0"))


def test_a_master_of_many_frames_is_made_and_its_provenance_is_complete(desk: Rehearsal, tmp_path: Path) -> None:
    write_biases(raw(desk))
    outcome, fresh = made_by(desk, "make_masters", id="M1", file_location=f"raw:{BATCH}")
    assert (fresh, outcome.result["masters"]) == (["master_bias"], 1)
    names = [f"raw:{BATCH}/bias-{n:04d}.fits" for n in range(FRAMES)]

    orders = products_of(outcome)
    with fits.open(desk.files.path(orders[0].file_location)) as hdus:
        assert [item.name for item in Recipe.read(hdus[0].header).frames] == names
        assert hdus[0].header["NCOMBINE"] == FRAMES
        assert hdus["COUNT"].data.max() > 1000
        assert hdus["MASK"].data.dtype == np.uint8

    assert all(len(wire.call(order.body())) < 500_000 for order in orders), "a desk takes no more than a million bytes"
    with rehearsing(
        tmp_path / "manager", "data_manager", DATA_MANAGER.tables,
        files={"roots": {"products": str(desk.files.root("products"))}},
    ) as manager:  # fmt: skip
        for order in [*reversed(orders), orders[0]]:  # in whatever order, and one of them twice
            manager.finish(ingest_data_product(order, manager))
        (master,) = answer_find_products(FindProducts(batch="M1"), manager)["products"]
    assert [item["location"] for item in master["inputs"]] == names
    assert {item["kind"] for item in master["inputs"]} == {"bias"}
