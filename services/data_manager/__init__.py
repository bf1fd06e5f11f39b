"""The data manager: remembers targets and every product of the observatory, and what each came from."""

from __future__ import annotations

from services.data_manager.products import answer_find_products, ingest_data_product
from toros.data.tables import METADATA
from toros.network.service import Handler, Service

__all__ = ["SERVICE"]

SERVICE = Service(
    "data_manager",
    handlers={
        "ingest_data_product": Handler(ingest_data_product),
        "find_products": Handler(answer_find_products),
    },
    tables=METADATA,
    lanes={"work": 2},
)
