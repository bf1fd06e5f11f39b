"""The index of masters: what a night has made, later nights find again."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toros.clock import iso
from toros.errors import Permanent
from toros.reduction.choice import Rules
from toros.reduction.dialect import Description
from toros.reduction.inventory import Inventory, Seen
from toros.reduction.masters import Master
from toros.reduction.opening import unit_in_use
from toros.store import batches

if TYPE_CHECKING:
    from toros.network.service import Context
    from toros.store.batches import MasterRow

__all__ = ["master_of", "masters_at_hand", "row_of"]


def masters_at_hand(inventory: Inventory, rules: Rules, context: Context, *, batch: str | None = None) -> list[Master]:
    """Return the masters in the index that may suit some frame; the reduction chooses among them.

    A file that is gone, or of another size, is passed over; that its contents are the same is seen when it is used.

    Parameters
    ----------
    inventory : Inventory
        The frames.
    rules : Rules
        How old a master may be.
    context : Context
        Of the order.
    batch : str, optional
        A batch that was finished before and is gone on with: its own masters are its own.
    """
    frames = [*inventory.light, *inventory.flat, *inventory.dark, *inventory.bias]
    times = sorted(datetime.fromisoformat(s.frame.date_obs) for s in frames if s.frame.date_obs)
    if not frames or not (times or batch):
        return []
    longest = max((rules.days(kind, s.frame.settings) for s in frames for kind in s.frame.settings.validity), default=0)
    reach = timedelta(days=longest)
    earliest, latest = (iso(times[0] - reach), iso(times[-1] + reach)) if times else ("", "")
    shapes = {s.image_shape for s in frames}
    rows = context.read(lambda session: batches.masters_between(session, shapes, earliest, latest, batch=batch))
    found = [(row, _path(row, context)) for row in rows]
    return [master_of(row, path, own=row.batch == batch) for row, path in found if path is not None]


def master_of(row: MasterRow, path: Path, *, own: bool = False) -> Master:
    """Return the master that a row of the index describes, its file unread.

    Parameters
    ----------
    row : MasterRow
    path : Path
        Where its file is.
    own : bool
        It belongs to the batch that is worked on.
    """
    frame = Description(
        kind=row.kind, master=True, exposure_time=row.exposure_time, filter=row.filter, band=row.band,
        camera=row.camera, binning=(row.row_binning, row.column_binning), readout_mode=row.readout_mode,
        date_obs=row.date_obs, gain=row.gain, temperature=row.temperature, unit=row.unit,
    )  # fmt: skip
    shape = (row.rows, row.columns)
    like = Seen(row.location, str(path), row.sha256, row.size, "", shape, row.level, 0.0, frame)
    origin = ("batch" if row.made else "folder") if own else "earlier"
    return Master(
        kind=row.kind, name=row.location, path=str(path), sha256=row.sha256, size=row.size, like=like, shape=shape,
        holds=frozenset(row.holds), exposure_time=row.exposure_time, read_noise_adu=row.read_noise_adu,
        level=row.level, made=row.made, origin=origin, layout=row.layout,
    )  # fmt: skip


def row_of(batch: str, master: Master) -> dict[str, Any]:
    """Return the columns of a master's row."""
    like = master.like.frame
    return {
        "location": master.name, "sha256": master.sha256, "size": master.size, "kind": master.kind, "batch": batch,
        "camera": like.camera[:128], "rows": master.shape[0], "columns": master.shape[1],
        "row_binning": like.binning[0], "column_binning": like.binning[1], "filter": like.filter[:64],
        "band": like.band[:64], "unit": unit_in_use(master.like), "readout_mode": like.readout_mode[:64],
        "layout": master.layout[:64], "gain": like.gain, "exposure_time": master.exposure_time,
        "temperature": like.temperature, "date_obs": like.date_obs, "holds": sorted(master.holds),
        "level": master.level, "read_noise_adu": master.read_noise_adu, "made": master.made,
    }  # fmt: skip


def _path(row: MasterRow, context: Context) -> Path | None:
    """Return where a master is, or None where there is no file of its size."""
    try:
        path = context.files.path(row.location)
        return path if path.stat().st_size == row.size else None
    except (Permanent, OSError):
        return None
