"""Recording products: once each, whatever the order of arrival."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.unit.data.orders import NOW, PRODUCTS, RAW, combination, data_manager, exposure, hash_of, ingest, night
from toros.data.finding import find_products
from toros.data.ingestion import record_product, size_of
from toros.data.permissions import Viewer
from toros.data.tables import METADATA, Combination, DataProduct, Exposure, FileBatch, Target
from toros.data.targets.creating import add_target
from toros.errors import Permanent
from workorders.targets import AddTarget


@pytest.fixture
def session() -> Iterator[Session]:
    with data_manager() as session:
        yield session


def counts(session: Session) -> dict[str, int]:
    """Return the number of rows of every table that has any."""
    rows = {t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in METADATA.sorted_tables}
    return {name: count for name, count in rows.items() if count}


def story(session: Session) -> dict[str, Any]:
    """Return all that is known, in words that do not depend on the order of arrival."""

    def frame(each: Any) -> tuple[Any, ...]:
        return (each.location, each.sha256, each.kind, each.date_obs, each.exposure_time, each.filter)

    return {
        "exposures": sorted((frame(each) for each in session.scalars(select(Exposure))), key=str),
        "combinations": sorted(
            (
                (frame(each), each.recorded, [e.location for e in each.exposures],
                 [c.location for c in each.combinations])
                for each in session.scalars(select(Combination))
            ),
            key=str,
        ),
        "batches": [
            (b.name, b.location, b.night, b.target, b.event, b.observation, [e.location for e in b.exposures])
            for b in session.scalars(select(FileBatch))
        ],
        "products": sorted(
            (p.location, p.size, p.batch.name, p.combination.location if p.combination else None)
            for p in session.scalars(select(DataProduct))
        ),
    }  # fmt: skip


def test_a_night_becomes_batch_exposures_combinations_and_products(session: Session) -> None:
    numbers = [record_product(session, order, recorded=NOW) for order in night()]
    assert numbers == [1, 2, 3, 4, 5]
    assert counts(session) == {
        "file_batch": 1, "exposure": 11, "combination": 5, "data_product": 5, "batch_exposure": 11,
        "combination_exposure": 11, "combination_combination": 9, "target": 1, "target_name": 1,
    }  # fmt: skip
    flat = session.scalars(select(Combination).where(Combination.kind == "master_flat")).one()
    assert [each.kind for each in flat.combinations] == ["master_bias", "master_dark"]
    assert [each.location for each in flat.exposures] == [f"{RAW}/flat-{i:03}.fits" for i in range(3)]


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(5)), st.lists(st.integers(0, 4), max_size=5))
def test_any_order_of_arrival_with_any_repeats_tells_the_same(order: list[int], repeats: list[int]) -> None:
    with data_manager() as straight, data_manager() as shuffled:
        for each in night():
            record_product(straight, each, recorded=NOW)
        for i in [*order, *repeats]:
            record_product(shuffled, night()[i], recorded=NOW)
        assert story(shuffled) == story(straight)


def test_the_same_product_again_changes_nothing(session: Session) -> None:
    order = night()[4]
    first = record_product(session, order, recorded=NOW)
    before = counts(session)
    again = order.model_copy(update={"id": "ANOTHER", "marks": ["other words"], "inputs": []})
    assert record_product(session, again, recorded="2027-01-01T00:00:00.000") == first
    assert counts(session) == before
    product = session.get_one(DataProduct, first)
    assert (product.recorded, product.marks, product.ingested_by) == (NOW, [], order.id)


def test_a_master_that_has_not_arrived_waits_by_its_hash(session: Session) -> None:
    record_product(session, night()[4], recorded=NOW)
    masters = session.scalars(select(Combination).where(Combination.kind != "calibrated")).all()
    assert [each.recorded for each in masters] == [None, None, None]
    record_product(session, night()[0], recorded=NOW)
    bias = session.scalars(select(Combination).where(Combination.kind == "master_bias")).one()
    assert (bias.recorded, len(bias.exposures)) == (NOW, 3)


def test_the_same_file_at_another_place_is_another_product(session: Session) -> None:
    first = night()[0]
    moved = first.model_copy(update={"file_location": f"{PRODUCTS}/copy.fits"})
    assert record_product(session, first, recorded=NOW) != record_product(session, moved, recorded=NOW)


def test_the_same_place_with_other_contents_is_another_product(session: Session) -> None:
    first = night()[0]
    changed = first.model_copy(update={"sha256": hash_of("other")})
    assert record_product(session, first, recorded=NOW) != record_product(session, changed, recorded=NOW)


def test_an_input_named_twice_counts_once(session: Session) -> None:
    record_product(session, ingest("m", "master_bias", exposure("bias", 1), exposure("bias", 1)), recorded=NOW)
    assert counts(session)["combination_exposure"] == 1


def test_a_raw_product_is_an_exposure(session: Session) -> None:
    light = exposure("light", 0)
    record_product(session, ingest("c", "calibrated", light), recorded=NOW)
    raw = ingest("x", "raw", exposure_time=60.0).model_copy(
        update={"file_location": light.location, "sha256": light.sha256}
    )
    number = record_product(session, raw, recorded=NOW)
    product = session.get_one(DataProduct, number)
    assert product.combination is None
    assert product.exposure is not None
    assert (product.exposure.location, product.exposure.kind, product.exposure.exposure_time) == (
        light.location, "light", 60.0,
    )  # fmt: skip
    found = find_products(session, product_type="calibrated")["products"]
    assert found[0]["inputs"][0]["product"] == number


def test_a_frame_made_from_itself_is_refused(session: Session) -> None:
    with pytest.raises(Permanent, match="names itself"):
        record_product(session, ingest("loop", "master_bias", combination("loop", "master_bias")), recorded=NOW)


def test_a_batch_cannot_have_its_frames_in_two_folders(session: Session) -> None:
    record_product(session, night()[0], recorded=NOW)
    elsewhere = night()[1].model_copy(update={"batch_location": "raw:elsewhere"})
    with pytest.raises(Permanent, match="BATCH is recorded with its frames in raw:2026-11-19/OBS, not in raw:else"):
        record_product(session, elsewhere, recorded=NOW)


def test_frames_reduced_again_belong_to_both_batches(session: Session) -> None:
    first = night()[0]
    again = first.model_copy(update={"batch": "SECOND", "file_location": "products:again/master_bias.fits"})
    record_product(session, first, recorded=NOW)
    record_product(session, again, recorded=NOW)
    assert counts(session)["exposure"] == 3
    assert [len(b.exposures) for b in session.scalars(select(FileBatch))] == [3, 3]


@pytest.mark.parametrize(("size", "bytes_"), [(7, 7), ("7", 7), ("9223372036854775807", 2**63 - 1)])
def test_sizes_beyond_32_bits_travel_as_text(size: int | str, bytes_: int) -> None:
    assert size_of(ingest("m", "master_bias", size=size)) == bytes_


@pytest.mark.parametrize("size", ["", "many", "-1", "1e9", "9223372036854775808", "٣", -1, " 7"])
def test_a_size_that_is_no_size_is_refused(size: int | str) -> None:
    with pytest.raises(ValidationError, match="size"):
        size_of(ingest("m", "master_bias", size=size))


def test_more_inputs_than_an_order_carries_come_in_several_in_any_order(session: Session) -> None:
    frames = [exposure("bias", i) for i in range(7)]
    parts = [ingest("m", "master_bias", *frames[i : i + 3]) for i in (6, 0, 3)]
    numbers = [record_product(session, each, recorded=NOW) for each in [*parts, parts[0]]]
    assert len(set(numbers)) == 1
    master = session.scalars(select(Combination)).one()
    assert {each.location for each in master.exposures} == {frame.location for frame in frames}
    assert counts(session)["batch_exposure"] == 7


def test_a_thousand_inputs_are_recorded_quickly(session: Session) -> None:
    order = ingest("m", "master_bias", *[exposure("bias", i) for i in range(1000)])
    started = time.perf_counter()
    record_product(session, order, recorded=NOW)
    session.commit()
    assert counts(session)["combination_exposure"] == 1000
    assert time.perf_counter() - started < 2.0  # about 0.15 s; the bound is for a busy machine


def test_a_product_makes_its_target_or_finds_it_by_any_name(session: Session) -> None:
    for order in night():
        record_product(session, order, recorded=NOW)
    target = session.scalars(select(Target)).one()
    assert (target.name, target.ra, target.dec, target.access) == ("NGC 4993", 197.4487, -23.3839, "public")
    for name, told in (("ngc4993", {}), ("--", {}), ("Nobody", {}), ("AT2017gfo", {"ra": 197.4487, "dec": -23.3839})):
        record_product(session, ingest(f"x{name}", "calibrated", target=name, **told), recorded=NOW)
    linked = {p.target: p.target_number for p in session.scalars(select(DataProduct))}
    assert linked == {None: None, "NGC 4993": 1, "ngc4993": 1, "--": None, "Nobody": None, "AT2017gfo": 1}
    assert len(find_products(session, target="at2017gfo")["products"]) == 4
    assert len(find_products(session, target="--")["products"]) == 1


def test_a_product_that_was_here_before_its_target_gets_it_when_told_again(session: Session) -> None:
    order = ingest("x", "calibrated", target="Later")
    number = record_product(session, order, recorded=NOW)
    wanted = AddTarget(name="LATER", ra=1.0, dec=2.0)
    add_target(session, wanted, viewer=Viewer.all_seeing(), recorded=NOW, match_radius=3.0)
    record_product(session, order, recorded=NOW)
    assert session.get_one(DataProduct, number).target_number == 1
