"""Combination: a frame made from others, with the exposures and combinations that it came from."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table
from sqlalchemy.orm import Mapped, relationship

from toros.data.tables.base import Base, Utc
from toros.data.tables.exposure import Exposure
from toros.data.tables.frame import Frame

__all__ = ["Combination", "combination_combination", "combination_exposure"]

combination_exposure = Table(
    "combination_exposure",
    Base.metadata,
    Column("combination", ForeignKey("combination.number"), primary_key=True),
    Column("exposure", ForeignKey("exposure.number"), primary_key=True, index=True),
)

combination_combination = Table(
    "combination_combination",
    Base.metadata,
    Column("combination", ForeignKey("combination.number"), primary_key=True),
    Column("input", ForeignKey("combination.number"), primary_key=True, index=True),
    CheckConstraint("combination <> input", name="not_of_itself"),
)


class Combination(Frame):
    """A master, a calibrated frame: anything that the reduction made from other frames.

    A frame may name a master whose own order has not arrived yet: the master is then here by its hash, with
    `recorded` empty, and is completed when its order comes.

    Attributes
    ----------
    recorded : str or None
        When its own order was recorded; UTC. Empty while others only speak of it.
    """

    __tablename__ = "combination"

    recorded: Mapped[Utc | None]
    exposures: Mapped[list[Exposure]] = relationship(secondary=combination_exposure, order_by=Exposure.location)
    combinations: Mapped[list[Combination]] = relationship(
        secondary=combination_combination,
        primaryjoin="Combination.number == combination_combination.c.combination",
        secondaryjoin="Combination.number == combination_combination.c.input",
        order_by="Combination.location",
    )
