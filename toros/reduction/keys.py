"""What products are called within their batch, which is how their files are called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from toros.reduction.inventory import Seen

__all__ = ["key_of_light", "key_of_master", "unique"]


def key_of_light(light: Seen) -> str:
    """Return the name of a calibrated light, such as "calibrated/light-001"."""
    return f"calibrated/{_stem(light.file)}"


def key_of_master(kind: str, first: Seen) -> str:
    """Return the name of a master by the first of its frames, such as "masters/master_flat_r"."""
    exposure = f"_{first.frame.exposure_time:g}s" if kind == "dark" else ""
    flat = "".join(f"_{word}" for word in (first.frame.illumination, first.frame.filter) if word and kind == "flat")
    return f"masters/{_stem(f'master_{kind}{exposure}{flat}')}"


def unique(keys: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """Return the keys, a number added to those that came before in any case of letters.

    Parameters
    ----------
    keys : sequence of str
    taken : iterable of str
        Keys that are in use.
    """
    used = {key.lower() for key in taken}
    found = []
    for key in keys:
        name, n = key, 1
        while name.lower() in used:
            n += 1
            name = f"{key}-{n}"
        used.add(name.lower())
        found.append(name)
    return found


def _stem(name: str) -> str:
    """Return a file's name without its endings, safe for a product's name."""
    bare = re.sub(r"(\.(fits?|fts|gz|fz))+$", "", name, flags=re.IGNORECASE)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", bare).strip(".-")[:100] or "frame"
