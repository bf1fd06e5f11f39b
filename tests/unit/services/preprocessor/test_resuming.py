"""A batch that stopped goes on where it was, one that is begun anew destroys nothing, and nothing is done twice."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.unit.reduction import made_frames as made
from tests.unit.services.preprocessor.desk import BATCH, Here, made_by, ordered, products_of, raw
from tests.unit.services.rehearsal import Rehearsal
from toros.errors import OrderCancelled, Permanent, Temporary
from toros.store import batches

WHERE = f"raw:{BATCH}"


def stop_after(desk: Rehearsal, message: str) -> None:
    """Have the next order cut off when it says so."""

    def cut() -> None:
        if desk.said[-1][1].startswith(message):
            desk.interrupt = lambda: None
            raise OrderCancelled("the power went")

    desk.interrupt = cut


def hashes(desk: Rehearsal) -> dict[str, str]:
    root = desk.files.root("products")
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()
    }


@pytest.fixture
def stopped(desk: Rehearsal) -> Rehearsal:
    """A desk with a batch B1 that was cut off after two of four lights."""
    made.write_night(raw(desk), lights=4)
    stop_after(desk, "2 of 4 calibrated")
    with pytest.raises(OrderCancelled):
        ordered(desk, "calibrate_file_batch", id="B1", file_location=WHERE, target="NGC 4993", priority=8.0)
    return desk


@pytest.mark.parametrize("which", [{"batch": "B1"}, {"file_location": WHERE}])
def test_a_batch_goes_on_where_it_stopped(which: dict[str, str], stopped: Rehearsal) -> None:
    outcome, fresh = made_by(stopped, "resume_file_batch", id="R1", **which)
    assert fresh == ["light-002", "light-003"]
    assert (outcome.result["batch"], outcome.result["lights"], outcome.result["calibrated"]) == ("B1", 4, 4)
    orders = products_of(outcome)
    assert len(orders) == 8
    assert {order.batch for order in orders} == {"B1"}
    assert {order.file_location.split("/")[1] for order in orders} == {"B1"}
    assert {order.target for order in products_of(outcome, "calibrated")} == {"NGC 4993"}
    assert {order.priority for order in orders} == {8.0}


def test_the_first_order_comes_back_to_a_batch_that_another_has_finished(stopped: Rehearsal) -> None:
    resumed, _ = made_by(stopped, "resume_file_batch", id="R1", batch="B1")
    outcome, fresh = made_by(stopped, "calibrate_file_batch", id="B1", file_location=WHERE, target="NGC 4993")
    assert (fresh, outcome.orders, outcome.result) == ([], (), resumed.result)


def test_a_product_that_is_damaged_is_made_again_by_resuming(stopped: Rehearsal) -> None:
    path = stopped.files.path("products:2026-11-20/B1/calibrated/light-000.fits")
    path.write_bytes(path.read_bytes()[:-2880])
    _, fresh = made_by(stopped, "resume_file_batch", batch="B1")
    assert fresh == ["light-000", "light-002", "light-003"]


def test_half_written_files_of_an_earlier_try_are_swept(stopped: Rehearsal) -> None:
    folder = stopped.files.path("products:2026-11-20/B1/calibrated")
    (folder / ".light-002.fits.4711.part").write_bytes(b"half")
    made_by(stopped, "resume_file_batch", batch="B1")
    assert sorted(p.name for p in folder.iterdir()) == [f"light-00{n}.fits" for n in range(4)]


def test_a_full_disk_gives_the_order_back_and_nothing_is_done_twice(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=4)
    full = OSError(errno.ENOSPC, "No space left on device")
    desk.engine = Here(lambda name: full if name == "make_product light-001" else None)  # type: ignore[assignment]
    with pytest.raises(Temporary, match="No space left on device"):
        ordered(desk, "calibrate_file_batch", id="B1", file_location=WHERE)
    outcome, fresh = made_by(desk, "resume_file_batch", batch="B1")
    assert fresh == ["light-001", "light-002", "light-003"]
    assert outcome.result["calibrated"] == 4


def test_a_frame_that_was_still_being_written_is_taken_up_later_and_nothing_else(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=3)
    late = raw(desk) / "light-001.fits"
    whole = late.read_bytes()
    late.write_bytes(whole[:5000])
    first, _ = made_by(desk, "calibrate_file_batch", id="B1", file_location=WHERE)
    (aside,) = first.result["unusable"]
    assert aside["file"] == "light-001.fits"
    assert "still being written" in aside["reason"] and "resume the batch later" in aside["reason"]
    before = hashes(desk)
    late.write_bytes(whole)
    second, fresh = made_by(desk, "resume_file_batch", file_location=WHERE)
    assert fresh == ["light-001"]
    assert [order.file_location for order in products_of(second)] == [
        "products:2026-11-20/B1/calibrated/light-001.fits"
    ]
    kinds = [i.kind for i in products_of(second)[0].inputs]
    assert kinds == ["light", "master_bias", "master_dark", "master_flat", "master_bad_pixels"]
    assert (second.result["lights"], second.result["calibrated"], second.result["added"]) == (3, 3, 1)
    assert second.result["unusable"] == []
    assert {name: digest for name, digest in hashes(desk).items() if name in before} == before


def test_an_old_broken_file_is_not_called_fresh(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=1)
    broken = raw(desk) / "broken.fits"
    broken.write_bytes((raw(desk) / "light-000.fits").read_bytes()[:5000])
    os.utime(broken, (1e9, 1e9))
    result = ordered(desk, "calibrate_file_batch", file_location=WHERE).result
    assert "resume" not in result["unusable"][0]["reason"]


def test_what_resuming_cannot_cure_is_not_to_be_resumed(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=1)
    made.write_frame(raw(desk) / "negative.fits", made.counts("light", 30, 77), IMAGETYP="LIGHT", EXPTIME=-30.0)
    (raw(desk) / "huge.fits").write_bytes(made.HOSTILE["claims-80-GB.fits"])
    (raw(desk) / "text.fits").write_bytes(made.HOSTILE["text.fits"])
    result = ordered(desk, "calibrate_file_batch", file_location=WHERE).result
    assert len(result["unusable"]) == 3
    assert not [u for u in result["unusable"] if "resume" in u["reason"]]


def test_late_calibration_frames_change_no_master_that_was_published(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=1, flats=0)
    made_by(desk, "calibrate_file_batch", id="B1", file_location=WHERE)
    before = hashes(desk)
    made.write_frame(raw(desk) / "bias-late.fits", made.counts("bias", 0, 90), IMAGETYP="BIAS", EXPTIME=0.0,
                     DATE_OBS="2026-11-20T23:50:00.000")  # fmt: skip
    made.write_frame(raw(desk) / "flat-late.fits", made.counts("flat", 2, 91), IMAGETYP="FLAT", EXPTIME=2.0,
                     FILTER="r", DATE_OBS="2026-11-20T23:51:00.000")  # fmt: skip
    outcome, fresh = made_by(desk, "resume_file_batch", batch="B1")
    assert fresh == ["master_flat_r"]
    assert "came after the master bias was made, and left out of it: bias-late.fits" in outcome.result["marks"]
    assert {name: digest for name, digest in hashes(desk).items() if name in before} == before


def test_a_light_that_failed_is_tried_again_by_resuming(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=2)
    desk.engine = Here(lambda name: ValueError("odd") if name == "make_product light-001" else None)  # type: ignore[assignment]
    first = ordered(desk, "calibrate_file_batch", id="B1", file_location=WHERE).result
    assert (first["calibrated"], len(first["unusable"])) == (1, 1)
    outcome, fresh = made_by(desk, "resume_file_batch", batch="B1")
    assert fresh == ["light-001"]
    assert (outcome.result["calibrated"], outcome.result["lights"]) == (2, 2)


def test_a_batch_begun_anew_leaves_what_was_published(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=2)
    made_by(desk, "calibrate_file_batch", id="B1", file_location=WHERE, target="NGC 4993", event="E1", priority=5.0)
    before = hashes(desk)
    outcome, fresh = made_by(desk, "restart_file_batch", id="B2", file_location=WHERE, cosmic_rays=True)
    assert len(fresh) == 6
    orders = products_of(outcome)
    assert all(order.file_location.startswith("products:2026-11-20/B2/") for order in orders)
    assert {(order.batch, order.event) for order in orders} == {("B2", "E1")}
    assert {name: digest for name, digest in hashes(desk).items() if name in before} == before
    row = desk.read(lambda session: session.get_one(batches.BatchRow, "B2"))
    assert (row.replaces, row.body and row.body["cosmic_rays"], row.state) == ("B1", True, "done")
    masters = {i.location for order in orders for i in order.inputs if i.role == "combination"}
    assert all("/B2/" in location for location in masters)  # its own, not those of the batch before


@pytest.mark.parametrize(
    ("request_name", "fields", "says"),
    [
        ("resume_file_batch", {"batch": "NOBODY"}, "no batch NOBODY is known here"),
        ("resume_file_batch", {"file_location": "raw:elsewhere"}, "no batch of raw:elsewhere is known here"),
        ("restart_file_batch", {"batch": "NOBODY"}, "no batch NOBODY is known here"),
        ("resume_file_batch", {"batch": "B1"}, "is finished, and no frame was set aside or came since"),
    ],
)
def test_where_there_is_nothing_to_go_on_with_that_is_said(
    request_name: str, fields: dict[str, Any], says: str, desk: Rehearsal
) -> None:
    made.write_night(raw(desk), lights=1)
    ordered(desk, "calibrate_file_batch", id="B1", file_location=WHERE)
    with pytest.raises(Permanent, match=says):
        ordered(desk, request_name, **fields)


def test_frames_that_are_still_broken_are_named_again(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=1)
    (raw(desk) / "text.fits").write_bytes(made.HOSTILE["text.fits"])
    ordered(desk, "calibrate_file_batch", id="B1", file_location=WHERE)
    with pytest.raises(Permanent, match="no frame that can be used: text.fits is not a FITS file"):
        ordered(desk, "resume_file_batch", batch="B1")


def test_a_batch_of_an_older_version_can_only_be_begun_anew(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=1)
    desk.write(
        lambda session: session.execute(
            text("INSERT INTO batches (name, location, state, started) VALUES ('OLD', :where, 'open', '2026')"),
            {"where": WHERE},
        )
    )
    with pytest.raises(Permanent, match="did not keep what was asked: restart_file_batch does it anew"):
        ordered(desk, "resume_file_batch", batch="OLD")
    assert ordered(desk, "restart_file_batch", id="B2", batch="OLD").result["calibrated"] == 1


def test_options_that_a_batch_does_not_know_are_refused(desk: Rehearsal) -> None:
    made.write_night(raw(desk), lights=0)
    ordered(desk, "make_masters", id="M1", file_location=WHERE)
    with pytest.raises(Permanent, match="was asked for by make_masters, which knows no cosmic_rays"):
        ordered(desk, "restart_file_batch", batch="M1", cosmic_rays=True)
    assert ordered(desk, "restart_file_batch", id="M2", batch="M1", compress=False).result["masters"] == 4


def test_a_dry_run_of_a_resumption_changes_nothing(stopped: Rehearsal) -> None:
    before = hashes(stopped)
    outcome = ordered(stopped, "resume_file_batch", batch="B1", dry_run=True)
    assert "calibrate 4 lights" in outcome.result["would"]
    assert hashes(stopped) == before and outcome.orders == ()
    assert stopped.read(lambda session: session.get_one(batches.BatchRow, "B1").holder) == "B1"


def test_products_never_replace_others_of_the_same_name(desk: Rehearsal, tmp_path: Path) -> None:
    made.write_night(raw(desk), lights=1)
    ordered(desk, "calibrate_file_batch", id="B1", file_location=WHERE)
    made.write_frame(raw(desk) / "light-000.fit.gz", made.counts("light", 30, 77), IMAGETYP="LIGHT", EXPTIME=30.0,
                     FILTER="r", DATE_OBS="2026-11-20T23:55:00.000")  # fmt: skip
    (order,) = products_of(made_by(desk, "resume_file_batch", batch="B1")[0])
    assert order.file_location == "products:2026-11-20/B1/calibrated/light-000-2.fits"
