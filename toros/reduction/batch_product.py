"""What a batch tells of each product: the file, what it was made of, and the master that it is to later frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from toros.reduction.choice import layout_of
from toros.reduction.inventory import Seen
from toros.reduction.masters import Master
from toros.reduction.product import Made
from toros.reduction.recipe import Recipe

__all__ = ["Product", "made_master", "made_mask", "product_of"]


@dataclass(frozen=True)
class Product:
    """One product of a batch.

    Attributes
    ----------
    key : str
        Its name within the batch, such as "calibrated/light-001".
    kind : {"master_bias", "master_dark", "master_flat", "master_bad_pixels", "calibrated"}
    made : Made
    name : str
        `root:path`.
    recipe : Recipe or None
        None for a finished master that was found.
    seen : Seen
        The light, or the first frame of a master.
    frames : tuple of Seen
        The raw frames that it was made of.
    masters : tuple of Master
        The masters that it was made with.
    marks : tuple of str
    thumbnails : dict of {"before", "after"} to str
        Absolute paths.
    """

    key: str
    kind: str
    made: Made
    name: str
    recipe: Recipe | None
    seen: Seen
    frames: tuple[Seen, ...] = ()
    masters: tuple[Master, ...] = ()
    marks: tuple[str, ...] = ()
    thumbnails: dict[str, str] = field(default_factory=dict)


def product_of(master: Master) -> Product:
    """Return the product that a finished master is, which was found and not made."""
    made = Made(master.path, master.sha256, master.size)
    return Product(master.name, f"master_{master.kind}", made, master.name, None, master.like, marks=master.marks)


def made_master(kind: str, pile: Sequence[Seen], product: Product) -> Master:
    """Return the master that was made of a pile.

    Parameters
    ----------
    kind : {"bias", "dark", "flat"}
    pile : sequence of Seen
        The frames that were combined.
    product : Product
    """
    first = pile[0]
    steps = {step.name for step in product.recipe.steps} if product.recipe else set()
    holds = set() if "subtract_overscan" in steps or "overscan" in first.frame.done else {"overscan"}
    without_bias = "subtract_bias" in steps or "bias" in first.frame.done
    if kind == "dark" and not without_bias:
        holds.add("bias")
    quality = product.made.quality
    return Master(
        kind=kind, name=product.name, path=product.made.path, sha256=product.made.sha256, size=product.made.size,
        like=first, shape=first.image_shape, holds=frozenset(holds), exposure_time=first.frame.exposure_time,
        read_noise_adu=quality.get("read_noise_adu"), level=quality.get("background", 0.0), marks=product.marks,
        layout=layout_of(first),
    )  # fmt: skip


def made_mask(dark: Master, product: Product) -> Master:
    """Return the mask of bad pixels that was made of a dark and a flat of one detector."""
    return Master(
        kind="bad_pixels", name=product.name, path=product.made.path, sha256=product.made.sha256,
        size=product.made.size, like=dark.like, shape=dark.shape, marks=product.marks, layout=dark.layout,
    )  # fmt: skip
