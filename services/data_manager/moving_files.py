"""The files of another system: found in its media folder and nowhere else, copied into the storage, recorded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import select

from services.data_manager.processing import process_product
from services.data_manager.products import keep_copy
from services.data_manager.resources import storage_in
from services.data_manager.viewers import viewer_of
from toros.clock import iso
from toros.data.ingestion import find_product, record_product
from toros.data.tables import DataProduct
from toros.data.verification import identify_file
from toros.errors import ChildDied, OutsideRoots, Permanent
from workorders.complaints import refusal_of
from workorders.data import IngestDataProduct, ProcessProduct

if TYPE_CHECKING:
    from pathlib import Path

    from toros.data.moving.tom_products import TomProduct
    from toros.network.service import Context
    from workorders.moving import MoveIn

__all__ = ["MovedFiles"]

PICTURES = ("image", "fits_file")  # types of which we make a thumbnail


class MovedFiles:
    """Files below the folder that an order names.

    Parameters
    ----------
    order : MoveIn
    context : Context
    """

    def __init__(self, order: MoveIn, context: Context) -> None:
        self._order, self._context = order, context

    def take(self, product: TomProduct, target: str) -> str:
        """Copy a file and record it; return "new" or "same".

        Raises
        ------
        Permanent
            It is not there, lies outside the folder, or cannot be recorded.
        """
        location, path = self._found(product.path)
        size, sha256 = identify_file(path, name=location)
        storage = storage_in(self._context)
        storage.check_size(size, location)
        order = self._order_for(product, target, location, size, sha256)
        known = self._context.read(partial(find_product, sha256=sha256, location=location))
        if self._order.dry_run:
            return "new" if known is None else "same"
        if known is None or known.stored is None:
            viewer = viewer_of(self._order, self._context)
            record = partial(record_product, order=order, recorded=iso(self._context.clock.now()), viewer=viewer)
            keep_copy(order, path, record, self._context)
        if product.product_type in PICTURES and (known is None or known.processing is None):
            self._picture(order)
        return "new" if known is None else "same"

    def numbers(self, paths: Mapping[Any, str]) -> dict[Any, int]:
        """Return our numbers of files, by the rows that they have there."""
        if self._order.folder_location is None or not paths:
            return {}
        locations = {self._location(path): row for row, path in paths.items()}
        query = select(DataProduct.location, DataProduct.number).where(
            DataProduct.location.in_(list(locations)), DataProduct.deleted.is_(None)
        )
        rows = self._context.read(lambda session: session.execute(query.order_by(DataProduct.number)).all())
        return {locations[location]: number for location, number in rows}

    def _found(self, relative: str) -> tuple[str, Path]:
        """Return the location and the path of a file below the folder."""
        if self._order.folder_location is None:
            raise Permanent("its file is not moved: the order says no folder_location")
        if not relative:
            raise Permanent("it names no file")
        if len(relative) > 512:
            raise Permanent("the path of its file is too long")
        location = self._location(relative)
        if relative.startswith("/"):
            raise OutsideRoots(f"{relative[:200]!r} is not relative to the folder of files")
        path = self._context.files.path(location)
        if not path.is_relative_to(self._context.files.path(self._order.folder_location)):
            raise OutsideRoots(f"{relative[:200]!r} leads out of the folder of files")
        if not path.is_file():
            raise Permanent(f"{location} is not a file")
        return location, path

    def _location(self, relative: str) -> str:
        folder = str(self._order.folder_location).rstrip("/")
        return f"{folder}{'' if folder.endswith(':') else '/'}{relative}"

    def _order_for(
        self, product: TomProduct, target: str, location: str, size: int, sha256: str
    ) -> IngestDataProduct:  # fmt: skip
        """Return how the product would have been told of, had it come here first."""
        said = {
            "id": self._order.id, "user": self._order.user, "file_location": location, "size": size, "sha256": sha256,
            "product_type": product.product_type, "target": target, "observation": product.observation,
            "tags": product.tags, "groups": product.groups, "access": "private" if product.groups else "open",
            "description": product.description or None, "store": True, "process": False,
        }  # fmt: skip
        try:
            return IngestDataProduct.model_validate(said)
        except ValidationError as error:
            raise Permanent(str(refusal_of(error, IngestDataProduct, "the file", {}))) from None

    def _picture(self, order: IngestDataProduct) -> None:
        """Have a thumbnail made; where that fails the product says why."""
        assert order.sha256 is not None
        wanted = ProcessProduct(file_location=order.file_location, sha256=order.sha256)
        wanted = wanted.model_copy(update={"id": order.id, "user": order.user})
        try:
            record = process_product(wanted, self._context).record
        except (Permanent, ChildDied):
            return
        if record is not None:
            self._context.write(record)
