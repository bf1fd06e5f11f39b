"""The portal's templates: Jinja2 that escapes everything that it writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from toros.portal import words

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["environment"]


def environment() -> Environment:
    """Return Jinja2 with our templates and words; everything is escaped, what a desk left out is empty."""
    from jinja2 import ChainableUndefined, Environment, PackageLoader

    made = Environment(
        loader=PackageLoader("toros.portal"), autoescape=True, undefined=ChainableUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(
        number=words.number, duration=words.duration, clock_time=words.clock_time, sentence=words.sentence,
        in_address=lambda text: quote(str(text), safe=""), picture=_picture,
        kinds=_kinds,
    )  # fmt: skip
    return made


def _picture(location: object) -> str:
    """Return the address of a picture on this portal."""
    return "/pictures/" + quote(str(location), safe="/:")


def _kinds(kinds: Iterable[object]) -> str:
    """Return how many there are of each kind, such as "1 light, 5 bias"."""
    counts = Counter(str(kind).replace("_", " ") for kind in kinds)
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())
