"""The filter that a frame was taken through: its name as the header writes it, and the band that it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from toros.reduction.keywords import text_of

__all__ = ["band_of", "filter_of"]

CLEAR = "clear"


def filter_of(header: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    """Return the filter's name as the header writes it, put together from several wheels where it has those.

    Parameters
    ----------
    header, words : mapping
        The frame's header and the dialect.
    """
    one = text_of(header, words["filter_keywords"])
    if one:
        return one
    wheels = [text for key in words["wheel_keywords"] if (text := text_of(header, [key]))]
    tinted = [text for text in wheels if _meaning(text, words) != CLEAR]
    return " + ".join(tinted) or (wheels[0] if wheels else "")


def band_of(name: str, words: Mapping[str, Any]) -> str:
    """Return the band that a filter's name means, by which lights and flats find one another.

    "rp", "SDSS r'" and "Clear + r" are all r; the case of a single letter counts, since R is not r. A name that
    nobody knows is itself, in lower case.

    Parameters
    ----------
    name : str
        As `filter_of` returns it.
    words : mapping
        The dialect.
    """
    own = {key.strip().lower(): band for key, band in words.get("filters", {}).items()}
    if name.strip().lower() in own:
        return str(own[name.strip().lower()])
    parts = [_meaning(part, words) for part in re.split(r"[+,;/|&]", name) if part.strip()]
    tinted = [part for part in parts if part and part != CLEAR]
    return "+".join(dict.fromkeys(tinted)) or (CLEAR if parts else "")


def _meaning(name: str, words: Mapping[str, Any]) -> str:
    primed = re.sub(r"['\u2032\u2019]", "p", name.strip())
    bare = re.sub(r"[^A-Za-z0-9]+", "", primed)
    if len(bare) == 1:
        return bare
    bare = bare.lower()
    return next((band for band, names in words["bands"].items() if bare in names), bare)
