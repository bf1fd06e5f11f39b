"""The data manager: remembers targets and every product of the observatory, and what each came from."""

from __future__ import annotations

from dataclasses import replace

from services.data_manager import measurements, people, products, targets
from services.data_manager.auditing import audited
from toros.data.tables import METADATA
from toros.network.service import Handler, Service

__all__ = ["SERVICE"]

SERVICE = Service(
    "data_manager",
    handlers={
        "ingest_data_product": Handler(products.ingest_data_product),
        "find_products": Handler(products.answer_find_products),
        "add_target": Handler(targets.order_add_target),
        "update_target": Handler(targets.order_update_target),
        "merge_targets": Handler(targets.order_merge_targets),
        "group_targets": Handler(targets.order_group_targets),
        "save_list": Handler(targets.order_save_list),
        "find_targets": Handler(targets.answer_find_targets),
        "show_target": Handler(targets.answer_show_target),
        "ingest_photometry": Handler(measurements.ingest_photometry),
        "switch_measurements": Handler(measurements.switch_measurements),
        "export_photometry": Handler(measurements.export_photometry),
        "find_measurements": Handler(measurements.answer_find_measurements),
        "save_user": Handler(people.order_save_user),
        "find_users": Handler(people.answer_find_users),
        "find_changes": Handler(people.answer_find_changes),
    },
    tables=METADATA,
    lanes={"work": 2},
)
SERVICE = replace(SERVICE, handlers=audited(SERVICE.handlers))  # nothing is changed without its author
