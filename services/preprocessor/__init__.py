"""The preprocessor: calibrates frames and tells the data manager about every product.

Raw data are never touched: a frame that cannot be used is put aside by name, with the reason, and stays where it is.
"""

from __future__ import annotations

from services.preprocessor.batches import (
    calibrate_file_batch,
    calibrate_frame,
    make_masters,
    restart_file_batch,
    resume_file_batch,
)
from toros.network.service import Handler, Service
from toros.store import batches

__all__ = ["SERVICE"]

SERVICE = Service(
    name="preprocessor",
    handlers={
        "calibrate_file_batch": Handler(calibrate_file_batch),
        "resume_file_batch": Handler(resume_file_batch),
        "restart_file_batch": Handler(restart_file_batch),
        "make_masters": Handler(make_masters),
        "calibrate_frame": Handler(calibrate_frame),
    },
    tables=batches.METADATA,
    lanes={"work": 1},
)
