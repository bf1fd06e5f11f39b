"""What a batch orders to be made: each product's recipe with its paths, cards, marks and the memory that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toros.reduction.calibrate import Calibration, saturation_of
from toros.reduction.cards import cards_of
from toros.reduction.choice import Rules, said_of
from toros.reduction.inventory import Seen
from toros.reduction.masks import Mask
from toros.reduction.masters import Master
from toros.reduction.memory import Need, need_to_make
from toros.reduction.product import Job
from toros.reduction.structure import Limits

__all__ = ["Jobs"]

RAW, MASTER, MASK = 2, 4, 1  # bytes of a pixel in a file that is not packed


@dataclass(frozen=True)
class Jobs:
    """What all jobs of a batch have in common.

    Attributes
    ----------
    output : Path
        Folder of the products.
    limits : Limits
    compress : bool
        Whether products are written Rice-compressed.
    rules : Rules
        How far a master may be from a frame.
    """

    output: Path
    limits: Limits
    compress: bool
    rules: Rules

    def of_light(self, key: str, light: Seen, plan: Calibration) -> Job:
        """Return how a light is calibrated, into which file."""
        marks = (*plan.marks, *(m for one in plan.masters for m in said_of(one, light, self.rules)))
        return Job(
            recipe=plan.recipe,
            paths=_paths([light], plan.masters),
            output=str(self.output / f"{key}.fits"),
            cards=cards_of(light, "calibrated"),
            marks=tuple(dict.fromkeys(marks)),
            thumbnails={
                w: str(self.output / f"thumbnails/{key.split('/', 1)[1]}-{w}.png") for w in ("before", "after")
            },
            limits=self.limits,
            compress=self.compress,
            pixel_scale=_pixel_scale(light),
            need=_need([light], plan.masters),
            saturation=saturation_of(light, plan),
        )

    def of_master(self, key: str, kind: str, pile: list[Seen], plan: Calibration) -> Job:
        """Return how a pile is combined, into which file."""
        return Job(
            recipe=plan.recipe,
            paths=_paths(pile, plan.masters),
            output=str(self.output / f"{key}.fits"),
            cards=cards_of(pile[0], f"master_{kind}"),
            marks=plan.marks,
            limits=self.limits,
            compress=self.compress,
            need=_need(pile, plan.masters),
        )

    def of_mask(self, key: str, mask: Mask) -> Job:
        """Return how a map of bad pixels is made, into which file."""
        return Job(
            recipe=mask.recipe,
            paths=_paths([], [mask.dark, mask.flat]),
            output=str(self.output / f"{key}.fits"),
            cards=cards_of(mask.dark.like, "master_bad_pixels"),
            limits=self.limits,
            compress=self.compress,
            need=_need([mask.dark.like], [mask.dark, mask.flat]),
        )


def _need(frames: Sequence[Seen], masters: Sequence[Master]) -> Need:
    """Return the memory that it takes to make a product of frames, and of masters that are read beside them."""
    packed = sum(_packed(f, RAW) for f in frames)
    packed += sum(_packed(m, MASK if m.kind == "bad_pixels" else MASTER) for m in masters)
    return need_to_make(frames[0].image_shape, packed=packed, frames=len(frames))


def _packed(one: Seen | Master, each: int) -> int:
    """Return the size of a file that is unpacked in memory: smaller than its pixels, and not unpacked to the disk."""
    zipped = one.path.lower().endswith(".gz")
    return one.size if one.size < each * one.shape[0] * one.shape[1] and not zipped else 0


def _pixel_scale(light: Seen) -> float | None:
    """Return the arcseconds of one pixel as it was read: binned, where both sides are alike."""
    scale, (rows, columns) = light.frame.settings.pixel_scale, light.frame.binning
    return scale * rows if scale is not None and rows == columns else None


def _paths(frames: Sequence[Seen], masters: Sequence[Master]) -> dict[str, str]:
    return {**{f.name: f.path for f in frames}, **{m.name: m.path for m in masters}}
