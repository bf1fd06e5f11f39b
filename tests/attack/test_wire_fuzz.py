"""Whatever bytes come in: fields or a Refusal come out, nothing else, and no memory stays behind."""

from __future__ import annotations

import contextlib
import random
import resource
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from toros.network import wire
from workorders import parse
from workorders.refusal import Refusal

GOOD = wire.call(
    {"id": "m31-0001", "request": "observation", "ra": 10.685, "dec": 41.269, "exposures": 3, "dry_run": False,
     "target": "M 31 & friends", "marks": ["a", {"b": [1.5, True]}]}
)  # fmt: skip
TAGS = sorted({*wire.CHILDREN, "object", "xml", "ex:nil", "?xml", "!DOCTYPE a", "!--", "![CDATA["})
WORDS = ["", "1", "-1", "front_desk", "request", "observation", "nan", "1e999", "9" * 400, "20261120T02:14:05", "\x00",
         "&amp;", "&#1;", "&a;", "]]>", "-->", "é", "\ud800"]  # fmt: skip
SEED = 20261120

some = settings(max_examples=examples(400), deadline=None, suppress_health_check=list(HealthCheck))


def digest(body: bytes) -> None:
    """Read the bytes as a desk does, and as a client would."""
    try:
        fields = wire.loads(body)
        assert isinstance(fields, dict)
        assert wire.loads(wire.call(fields)) == fields
        parse(fields, "telescope")
    except Refusal as refusal:
        assert len(wire.fault(refusal)) < 20_000
    with contextlib.suppress(Refusal, wire.BadReply):
        assert isinstance(wire.loads_answer(body), dict)


@some
@given(st.binary(max_size=2000))
def test_any_bytes(body: bytes) -> None:
    digest(body)


@some
@given(st.lists(st.one_of(st.sampled_from(TAGS).map(lambda t: f"<{t}>"), st.sampled_from(TAGS).map(lambda t: f"</{t}>"),
                          st.sampled_from(WORDS), st.text(max_size=10)), max_size=60))  # fmt: skip
def test_any_soup_of_tags(pieces: list[str]) -> None:
    soup = "".join(pieces)
    digest(soup.encode("utf-8", "surrogatepass"))
    start, _, end = GOOD.decode().partition("<struct>")
    digest((start + soup + end).encode("utf-8", "surrogatepass"))


@some
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 5), st.binary(max_size=6)), max_size=6))
def test_a_good_call_with_scars(scars: list[tuple[int, int, bytes]]) -> None:
    body = bytearray(GOOD)
    for position, removed, added in scars:
        body[position : position + removed] = added
    digest(bytes(body))


@some
@given(
    st.recursive(st.sampled_from(WORDS), lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=4)))
)
def test_any_tree(tree: object) -> None:
    digest(written(tree).encode("utf-8", "surrogatepass"))
    start, _, end = GOOD.decode().partition("<struct>")
    digest((start + written(tree) + end[end.index("</value>\n</param>") :]).encode("utf-8", "surrogatepass"))


def written(tree: object) -> str:
    """Return a tree as XML."""
    if isinstance(tree, str):
        return tree
    assert isinstance(tree, tuple)
    tag, inner = tree
    return f"<{tag}>{''.join(map(written, inner))}</{tag}>"


def scarred(number: int) -> Iterator[bytes]:
    """Yield so many damaged calls, the same ones every time."""
    chance = random.Random(SEED)
    tokens = [f"<{tag}>".encode() for tag in TAGS] + [f"</{tag}>".encode() for tag in TAGS]
    tokens += [word.encode("utf-8", "surrogatepass") for word in WORDS]
    for _ in range(number):
        body = bytearray(GOOD)
        for _ in range(chance.randrange(1, 6)):
            position = chance.randrange(len(body) + 1)
            added = chance.choice(tokens) if chance.random() < 0.7 else chance.randbytes(chance.randrange(4))
            body[position : position + chance.choice((0, 0, 1, 5, 40))] = added
        yield bytes(body)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_million_scars_leave_no_memory_behind() -> None:
    for body in scarred(20_000):
        digest(body)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for body in scarred(1_000_000):
        digest(body)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"1,000,000 damaged calls read, memory grown by {grown} KiB")
    assert grown < 20_000
