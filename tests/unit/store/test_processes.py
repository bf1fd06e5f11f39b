"""Six processes on one SQLite file: nobody hears that it is locked, nobody waits long."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.figures import scales
from tests.unit.store.desk import Desk
from toros.store.database import Database

PROCESSES = 6
WORK = """
import json, sys, time
import sqlalchemy as sa
from toros.store.database import Database
from toros.store.schema import NOTES
database = Database(sys.argv[1], service="preprocessor")
longest, turns, until = 0.0, 0, time.monotonic() + float(sys.argv[3])
def change(session):
    seen = session.execute(sa.select(sa.func.count()).select_from(NOTES)).scalar()
    session.execute(sa.insert(NOTES).values(id=f"{sys.argv[2]}-{turns}", reason=str(seen), written="now"))
while time.monotonic() < until:
    began = time.monotonic()
    database.write(change)
    longest, turns = max(longest, time.monotonic() - began), turns + 1
database.close()
print(json.dumps([turns, longest]))
"""


@pytest.mark.parametrize("seconds", scales(2, 60))
def test_six_processes_write_in_turn(tmp_path: Path, seconds: int) -> None:
    """C.3 15."""
    url = f"sqlite:///{tmp_path}/a.sqlite"
    database = Database(url, service="preprocessor")
    database.prepare()
    children = [
        subprocess.Popen(
            [sys.executable, "-c", WORK, url, str(number), str(seconds)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    outcomes = [child.communicate(timeout=seconds + 60) for child in children]
    assert [error for _, error in outcomes] == [""] * PROCESSES
    turns, waits = zip(*(json.loads(out) for out, _ in outcomes), strict=True)
    print(f"\n{PROCESSES} processes, {seconds} s: {turns} turns, longest wait {max(waits):.3f} s, 0 locked")
    assert max(waits) < 1.0
    assert min(turns) > max(turns) / 4, "somebody was starved"
    assert Desk(database).ledger.figures()["counts"]["queued"] == 0
    database.close()
