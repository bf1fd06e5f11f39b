"""What each column of a table of targets means, by its name.

The names are those of the TOM Toolkit (`name1`, `name2`, … are aliases, `groups` and `permissions` say who sees it) and
of BHTOM (`ZTF_name` is what ZTF calls it, `priority` the importance). What is no field becomes an extra. Where such a
name would be misunderstood, `alias:SOURCE:2` and `extra:NAME:KIND` say it outright; KIND is text, number or truth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from toros.errors import Permanent

__all__ = ["Column", "Kind", "column_of", "columns_of"]

Role = Literal["field", "alias", "extra", "words", "nothing"]
Kind = Literal["guessed", "text", "number", "truth"]

NUMBERS = (
    "ra", "dec", "epoch", "pm_ra", "pm_dec", "parallax", "epoch_of_elements", "inclination", "lng_asc_node",
    "arg_of_perihelion", "eccentricity", "mean_anomaly", "semimajor_axis", "mean_daily_motion", "perihdist",
    "epoch_of_perihelion", "importance", "cadence", "last_mjd", "last_magnitude",
)  # fmt: skip
TEXTS = ("name", "type", "scheme", "classification", "description", "access")
WORDS = ("groups", "tags")  # several in one cell, with commas between them
OTHER_NAMES = {
    "permissions": "access", "priority": "importance", "right_ascension": "ra", "declination": "dec",
    "raj2000": "ra", "dej2000": "dec", "ra_icrs": "ra", "de_icrs": "dec", "pmra": "pm_ra", "pmdec": "pm_dec",
    "plx": "parallax", "maglast": "last_magnitude", "mag_last": "last_magnitude", "mjdlast": "last_mjd",
    "mjd_last": "last_mjd",
}  # fmt: skip
KEPT_BY_US = {  # what follows from the rest, or is ours to give
    "id", "number", "created", "modified", "changed", "owner", "kind", "healpix", "galactic_lng", "galactic_lat",
    "galactic_longitude", "galactic_latitude", "constellation", "sun_separation", "rate",
}  # fmt: skip
SOURCES = {"gaia_alert": "GAIA_ALERTS", "calib_server": "CPCS"}  # as BHTOM calls them
SPOKEN = re.compile(r"\s*([A-Za-z][A-Za-z0-9 _]*?)\s*[\[(]\s*([^\])]*)\s*[\])]\s*")
HOURS = re.compile(r"h|hr|hrs|hour|hours|hourangle|decimal hours", re.IGNORECASE)
ALIAS = re.compile(r"(?:name|alias)_?\d+|aliases|alias", re.IGNORECASE)
OF_SOURCE = re.compile(r"(.+)_name(\d*)", re.DOTALL)


@dataclass(frozen=True)
class Column:
    """What a column means.

    Attributes
    ----------
    role : {"field", "alias", "extra", "words", "nothing"}
        A field of the target, one more name of it, an extra, several words, or something that is left out.
    name : str
        Of the field or extra; of an alias, who calls it so, or nothing.
    kind : {"guessed", "text", "number", "truth"}
        What an extra holds.
    """

    role: Role
    name: str = ""
    kind: Kind = "guessed"


def columns_of(header: list[str]) -> list[Column]:
    """Return the meaning of each column of a table.

    Raises
    ------
    Permanent
        A column comes twice or is in hours, or there is none of names.
    """
    columns = [column_of(word) for word in header]
    fields = [column.name for column in columns if column.role == "field"]
    if "name" not in fields:
        raise Permanent(f"name: the table needs a column of this name; it has {', '.join(header)[:200]}")
    if "importance" in fields and fields.count("importance") == 2:  # BHTOM writes both, and computes `priority`
        columns = [
            Column("nothing") if word.strip().casefold() == "priority" else column
            for word, column in zip(header, columns, strict=True)
        ]
    unique = [column for column in columns if column.role in ("field", "extra", "words")]
    twice = next((column.name for column in unique if unique.count(column) > 1), None)
    if twice is not None:
        raise Permanent(f"{twice}: the table has this column twice")
    return columns


def column_of(word: str) -> Column:
    """Return what a column of this name means; raise Permanent where it holds a right ascension in hours."""
    word = word.strip()
    if not word:
        return Column("nothing")
    if word.startswith("alias:"):
        source, colon, which = word.removeprefix("alias:").rpartition(":")
        return Column("alias", source if colon and which.isdigit() else word.removeprefix("alias:"))
    if word.startswith("extra:"):
        name, _, kind = word.removeprefix("extra:").rpartition(":")
        if name and kind in ("text", "number", "truth"):
            return Column("extra", name, kind)  # type: ignore[arg-type]
        return Column("extra", word.removeprefix("extra:"))
    spoken = SPOKEN.fullmatch(word)
    field = re.sub(r"[\s_]+", "_", spoken[1] if spoken else word).casefold()
    field = OTHER_NAMES.get(field, field)
    if (field == "ra" and spoken and HOURS.fullmatch(spoken[2])) or field in ("ra_hours", "ra_hour", "ra_h"):
        raise Permanent(
            f"ra: the column {word} is in hours; allowed: degrees (15 times the hours), or hours, minutes and seconds "
            "such as 13:09:48.1 in a column ra"
        )
    if field in NUMBERS or field in TEXTS:
        return Column("field", field)
    if field in WORDS:
        return Column("words", field)
    if field in KEPT_BY_US:
        return Column("nothing")
    if ALIAS.fullmatch(word):
        return Column("alias")
    called = OF_SOURCE.fullmatch(word)
    if called:
        return Column("alias", SOURCES.get(called[1].casefold(), called[1]))
    return Column("extra", word)
