"""Finding products: filters, pages, parentage, plain values."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from tests.unit.data.orders import NOW, RAW, data_manager, exposure, ingest, night
from toros.data import finding
from toros.data.finding import find_products
from toros.data.ingestion import record_product


@pytest.fixture
def session() -> Iterator[Session]:
    with data_manager() as session:
        for order in night():
            record_product(session, order, recorded=NOW)
        yield session


def test_a_product_tells_all_that_is_known_and_nothing_else(session: Session) -> None:
    product = find_products(session, product_type="calibrated")["products"][0]
    inputs = product.pop("inputs")
    assert {each["kind"]: each["role"] for each in inputs} == {
        "light": "exposure", "master_bias": "combination", "master_dark": "combination", "master_flat": "combination",
    }  # fmt: skip
    assert {each["kind"]: each.get("product") for each in inputs} == {
        "light": None, "master_bias": 1, "master_dark": 2, "master_flat": 3,
    }  # fmt: skip
    assert product["number"] == 4
    assert product["batch_location"] == RAW
    assert set(find_products(session, product_type="master_bias")["products"][0]) == {
        "number", "file_location", "sha256", "size", "product_type", "batch", "batch_location", "night", "thumbnails",
        "marks", "quality", "recorded", "inputs",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"batch": "BATCH"}, [1, 2, 3, 4, 5]),
        ({"batch": "another"}, []),
        ({"product_type": "master_flat"}, [3]),
        ({"target": "NGC 4993"}, [4, 5]),
        ({"event": "MS181101ab", "product_type": "calibrated"}, [4, 5]),
        ({"night": "2026-11-19"}, [1, 2, 3, 4, 5]),
        ({"observation": "OBS"}, [4, 5]),
        ({"target": "NGC 4993'; DROP TABLE data_product; --"}, []),
    ],
)
def test_filters(session: Session, asked: dict[str, str], numbers: list[int]) -> None:
    assert [each["number"] for each in find_products(session, **asked)["products"]] == numbers


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_pages_hold_every_product_once(session: Session, limit: int) -> None:
    numbers: list[int] = []
    answer = {"more": True}
    while answer["more"]:
        answer = find_products(session, limit=limit, after=numbers[-1] if numbers else 0)
        assert len(answer["products"]) <= limit
        numbers += [each["number"] for each in answer["products"]]
    assert numbers == [1, 2, 3, 4, 5]


def test_the_latest_come_first_where_asked(session: Session) -> None:
    first = find_products(session, limit=2, before=2**31 - 1)
    assert ([each["number"] for each in first["products"]], first["more"]) == ([5, 4], True)
    last = find_products(session, limit=3, before=4)
    assert ([each["number"] for each in last["products"]], last["more"]) == ([3, 2, 1], False)


def test_a_page_with_too_many_inputs_ends_early(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST_INPUTS", 8)
    answer = find_products(session)
    assert ([each["number"] for each in answer["products"]], answer["more"]) == ([1, 2], True)
    monkeypatch.setattr(finding, "MOST_INPUTS", 1)
    answer = find_products(session, after=2)
    assert ([each["number"] for each in answer["products"]], answer["more"]) == ([3], True)


def test_answers_are_plain_xmlrpc_values(session: Session) -> None:
    big = ingest("big", "calibrated", exposure("light", 7), size=str(2**40), quality={"sky": 312.5}, marks=["guessed"])
    record_product(session, big, recorded=NOW)
    answer = find_products(session)
    ((back,), _) = xmlrpc.client.loads(xmlrpc.client.dumps((answer,), methodresponse=True))
    assert back == answer
    assert answer["products"][-1]["size"] == "1099511627776"
