"""The data manager: remembers targets and every product of the observatory, and what each came from."""

from __future__ import annotations

from services.data_manager import measurements, processing, products, targets
from services.data_manager.hooks import call_hook, changed, followed
from services.data_manager.resources import make_resources
from toros.data.tables import METADATA
from toros.network.service import Handler, Service

__all__ = ["SERVICE"]

SERVICE = Service(
    "data_manager",
    handlers={
        "ingest_data_product": Handler(products.ingest_data_product),
        "delete_product": Handler(products.delete_product),
        "process_product": Handler(processing.process_product),
        "call_hook": Handler(call_hook),
        "find_products": Handler(products.answer_find_products),
        "add_target": followed("target_saved", targets.order_add_target),
        "update_target": followed("target_saved", targets.order_update_target),
        "merge_targets": followed("target_saved", targets.order_merge_targets),
        "group_targets": Handler(targets.order_group_targets),
        "save_list": Handler(targets.order_save_list),
        "find_targets": Handler(targets.answer_find_targets),
        "show_target": Handler(targets.answer_show_target),
        "ingest_photometry": followed("measurements_added", measurements.ingest_photometry, changed),
        "switch_measurements": Handler(measurements.switch_measurements),
        "export_photometry": Handler(measurements.export_photometry),
        "find_measurements": Handler(measurements.answer_find_measurements),
    },
    tables=METADATA,
    lanes={"work": 2, "hooks": 1},
    resources=make_resources,
)
