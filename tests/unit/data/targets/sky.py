"""A sky of some thousand targets, crowded where cone searches go wrong, and what a plain loop finds in it."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import insert

from toros.data.tables import Target, TargetExtra, TargetGroup, TargetName, TargetTag
from toros.data.targets.fields import extra_row, places
from toros.data.targets.names import key_of

__all__ = ["fill", "sky"]

CLASSES = ["SN Ia", "SN II", "CV", "AGN", "Z And", None]


def sky(count: int = 1200, seed: int = 1) -> list[dict[str, Any]]:
    """Return targets as plain rows with tags, extras and groups: a third around the poles and RA 0."""
    chance = random.Random(seed)
    return [_target(number, chance) for number in range(1, count + 1)]


def _target(number: int, chance: random.Random) -> dict[str, Any]:
    ra, dec = chance.uniform(0, 360) % 360.0, chance.choice([-1, 1]) * chance.uniform(0, 90)
    if number % 6 == 0:
        dec = chance.choice([-1, 1]) * (90 - chance.expovariate(1.0))
    elif number % 6 == 1:
        ra, dec = chance.gauss(0, 0.5) % 360.0, 10 + chance.gauss(0, 0.5)
    return {
        "number": number, "name": f"Target {chance.randrange(10**6)} {number}", "kind": "sidereal", "ra": ra,
        "dec": dec, "epoch": 2000.0, "importance": chance.choice([None, 0.0, *range(1, 11)]),
        "cadence": chance.choice([None, 0.0, 0.5, 1.0, 3.0, 10.0]),
        "classification": chance.choice(CLASSES), "access": chance.choice(["open", "public", "private"]),
        "owner": chance.choice(["ann", "bob", None]),
        "last_mjd": chance.choice([None, 60000.0, chance.uniform(5e4, 6e4)]),
        "last_magnitude": chance.choice([None, chance.uniform(10, 22)]),
        "created": f"2026-11-{number % 28 + 1:02}T00:00:00", "changed": "2026-11-20T00:00:00",
        "tags": sorted({chance.choice(["rare", *["a", "b", "c"] * 100]) for _ in range(chance.randrange(3))}),
        "extras": {"z": round(chance.uniform(0, 1), 3), "host": chance.choice(["M 31", "M 33"])} if number % 2 else {},
        "groups": ["gw"] if number % 5 == 0 else [],
    }  # fmt: skip


def fill(session: Any, rows: list[dict[str, Any]]) -> None:
    """Put them into a database."""
    placed = places([row["ra"] for row in rows], [row["dec"] for row in rows])
    apart = {"tags", "extras", "groups"}
    whole = [{k: v for k, v in row.items() if k not in apart} | place for row, place in zip(rows, placed, strict=True)]
    session.execute(insert(Target), whole)
    session.execute(insert(TargetName), [
        {"key": key_of(row["name"]), "name": row["name"], "target": row["number"], "source": None, "main": True}
        for row in rows
    ])  # fmt: skip
    session.execute(insert(TargetTag), [{"target": row["number"], "tag": tag} for row in rows for tag in row["tags"]])
    session.execute(insert(TargetExtra), [
        extra_row(row["number"], name, value) for row in rows for name, value in row["extras"].items()
    ])  # fmt: skip
    groups = [{"target": row["number"], "group_name": group} for row in rows for group in row["groups"]]
    session.execute(insert(TargetGroup), groups)
