"""Given the words and files of an order, its fields are what was meant."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from toros.cli.fields import fields_of_file, fields_of_words, looks_like_a_file
from workorders import Refusal


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("ra=197.4487", 197.4487), ("ra=10", 10), ("dec=-23.5", -23.5), ("dec=+.5e1", 5.0), ("x=1e3", 1000.0),
        ("dry_run=true", True), ("dry_run=False", False), ("x=12:30:00", "12:30:00"), ("x=2026-11-20", "2026-11-20"),
        ("x=yes", "yes"), ("x=nan", "nan"),
        ("x=a=b", "a=b"), ("x='12'", "12"), ('x="true"', "true"), ("x=M 31", "M 31"),
        ('x={"a": [1, 2.5]}', {"a": [1, 2.5]}), ("x=[1]", [1]), ("x=0x10", "0x10"), ("x=1_000", "1_000"),
    ],
)  # fmt: skip
def test_a_value_is_what_it_looks_like(word: str, value: object) -> None:
    found = fields_of_words([word])
    assert list(found.values()) == [value]
    assert type(next(iter(found.values()))) is type(value)


def test_a_field_that_takes_text_is_text_whatever_it_looks_like() -> None:
    found = fields_of_words(["target=2024", "filter=1", "ra=2024", "id=42", "exposures=3"], "observation")
    assert found == {"target": "2024", "filter": "1", "ra": 2024, "id": "42", "exposures": 3}


def test_null_and_nothing_are_absent() -> None:
    assert fields_of_words(["a=null", "b=~", "c="]) == {}


def test_a_file_gives_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "alert.json").write_text('{"alert_type": "TEST"}')
    assert fields_of_words([f"alert=@{tmp_path}/alert.json"]) == {"alert": '{"alert_type": "TEST"}'}
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe"))
    assert fields_of_words(["alert=@-"], "process_alert") == {"alert": "from a pipe"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ra"], "key=value"), (["=1"], "key=value"), (["a=1", "a=2"], "twice"), (["a=[1"], "not JSON"),
        (["a=@/nonexistent"], "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_not_a_field_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        fields_of_words(words)


def test_a_file_holds_one_order_a_list_or_several_documents(tmp_path: Path) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text("request: observation\nra: 1\ndatetime: 2026-11-20T02:00:00\n")
    assert fields_of_file(str(file)) == [{"request": "observation", "ra": 1, "datetime": "2026-11-20T02:00:00"}]
    file.write_text("- {request: a}\n- {request: b}\n")
    assert [order["request"] for order in fields_of_file(str(file))] == ["a", "b"]
    file.write_text("request: a\n---\nrequest: b\n")
    assert [order["request"] for order in fields_of_file(str(file))] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "- 1\n", "just words", "a: [", "a: !!python/object/apply:os.system [ls]"])
def test_a_file_without_orders_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "orders.yaml"
    file.write_text(text)
    with pytest.raises(Refusal):
        fields_of_file(str(file))


def test_a_binary_file_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "frame.fits"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Refusal, match="not a text file"):
        fields_of_words([f"alert=@{file}"])


def test_files_are_told_from_requests() -> None:
    assert [looks_like_a_file(word) for word in ("-", "a.yaml", "b.json", "./x", "observation")] == [True] * 4 + [False]
