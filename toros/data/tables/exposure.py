"""Exposure: one raw frame."""

from __future__ import annotations

from toros.data.tables.frame import Frame

__all__ = ["Exposure"]


class Exposure(Frame):
    """One raw frame, as the camera wrote it."""

    __tablename__ = "exposure"
