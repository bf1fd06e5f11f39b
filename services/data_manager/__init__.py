"""The data manager: remembers targets, observations and every product of the observatory, and what each came from."""

from __future__ import annotations

from dataclasses import replace

from services.data_manager import (
    measurements,
    moving,
    notices,
    observations,
    people,
    processing,
    products,
    tables,
    targets,
)
from services.data_manager.auditing import audited
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
        "import_targets": Handler(tables.order_import_targets),
        "export_targets": Handler(tables.order_export_targets),
        "move_in": Handler(moving.order_move_in),
        "find_targets": Handler(targets.answer_find_targets),
        "show_target": Handler(targets.answer_show_target),
        "ingest_photometry": followed("measurements_added", measurements.ingest_photometry, changed),
        "ingest_spectrum": followed("measurements_added", processing.ingest_spectrum, changed),
        "switch_measurements": Handler(measurements.switch_measurements),
        "export_photometry": Handler(measurements.export_photometry),
        "find_measurements": Handler(measurements.answer_find_measurements),
        "request_observation": Handler(observations.order_request_observation),
        "update_observation": followed("observation_changed", observations.order_update_observation),
        "cancel_observation": Handler(observations.order_cancel_observation),
        "follow_observations": Handler(observations.order_follow_observations),
        "save_proposal": Handler(observations.order_save_proposal),
        "save_template": Handler(observations.order_save_template),
        "send_notice": Handler(notices.order_send_notice),
        "find_observations": Handler(observations.answer_find_observations),
        "show_observation": Handler(observations.answer_show_observation),
        "find_proposals": Handler(observations.answer_find_proposals),
        "find_templates": Handler(observations.answer_find_templates),
        "find_observation_groups": Handler(observations.answer_find_observation_groups),
        "list_facilities": Handler(observations.answer_list_facilities),
        "save_user": Handler(people.order_save_user),
        "find_users": Handler(people.answer_find_users),
        "find_changes": Handler(people.answer_find_changes),
    },
    tables=METADATA,
    lanes={"work": 2, "notices": 1, "hooks": 1, "imports": 1},  # a slow webhook holds up nothing else
    resources=make_resources,
    chores=observations.chores,
)
SERVICE = replace(SERVICE, handlers=audited(SERVICE.handlers))  # nothing is changed without its author
