"""A small database with the tables and columns of a TOM Toolkit's public models, as it would have been left by one."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

__all__ = ["fill"]

FLOATS = (
    "ra", "dec", "epoch", "parallax", "pm_ra", "pm_dec", "galactic_lng", "galactic_lat", "distance", "distance_err",
    "epoch_of_elements", "mean_anomaly", "arg_of_perihelion", "eccentricity", "lng_asc_node", "inclination",
    "mean_daily_motion", "semimajor_axis", "epoch_of_perihelion", "perihdist",
)  # fmt: skip
CERES = {
    "scheme": "MPC_MINOR_PLANET", "epoch_of_elements": 2460600.5, "inclination": 10.588, "lng_asc_node": 80.249,
    "arg_of_perihelion": 73.299, "eccentricity": 0.0794, "mean_anomaly": 145.84, "semimajor_axis": 2.7666,
}  # fmt: skip
TIME = "2026-01-02 03:04:05.500000"


def _tables() -> tuple[sa.MetaData, dict[str, sa.Table]]:
    made = sa.MetaData()

    def number(name: str = "id") -> sa.Column[Any]:
        return sa.Column(name, sa.Integer, primary_key=name == "id")

    def text(*names: str) -> list[sa.Column[Any]]:
        return [sa.Column(name, sa.Text) for name in names]

    floats = [sa.Column(name, sa.Float) for name in FLOATS]
    shape: dict[str, list[sa.Column[Any]]] = {
        "tom_targets_basetarget": [number(), *text("name", "type", "created", "modified", "permissions", "scheme"),
                                   *floats],
        "tom_targets_targetname": [number(), number("target_id"), *text("name", "created", "modified")],
        "tom_targets_targetextra": [number(), number("target_id"), *text("key", "value"),
                                    sa.Column("float_value", sa.Float), sa.Column("bool_value", sa.Boolean)],
        "tom_targets_targetlist": [number(), *text("name", "created", "modified")],
        "tom_targets_targetlist_targets": [number(), number("targetlist_id"), number("basetarget_id")],
        "tom_dataproducts_dataproduct": [number(), number("target_id"), *text("data", "data_product_type")],
        "tom_dataproducts_reduceddatum": [number(), number("target_id"), *text("data_type", "source_name", "timestamp",
                                          "value")],
        "tom_observations_observationrecord": [number(), number("target_id"), *text("facility", "status")],
        "guardian_groupobjectpermission": [number(), number("group_id"), number("content_type_id"), *text("object_pk")],
        "auth_group": [number(), *text("name")],
        "django_content_type": [number(), *text("app_label", "model")],
        "custom_code_usertarget": [number("basetarget_ptr_id"), *text("host")],
    }  # fmt: skip
    return made, {name: sa.Table(name, made, *columns) for name, columns in shape.items()}


def fill(url: str) -> None:
    """Make the database: five targets, of which one lies nowhere, with all that hangs on them."""
    engine = sa.create_engine(url)
    made, tables = _tables()
    made.create_all(engine)
    common = {"created": TIME, "modified": TIME, "type": "SIDEREAL", "permissions": "PUBLIC", "scheme": ""}
    targets = [
        {"id": 1, "name": "M31", "ra": 10.6847, "dec": 41.269, "distance": 785000.0, "permissions": "OPEN"},
        {"id": 2, "name": "AT 2017gfo", "ra": 197.450375, "dec": -23.381484, "permissions": "PRIVATE"},
        {"id": 3, "name": "Nowhere", "ra": 10.0, "dec": 95.0},
        {"id": 4, "name": "1 Ceres", "type": "NON_SIDEREAL", **CERES},
        {"id": 7, "name": "m-31", "ra": 50.0, "dec": 5.0},
    ]
    empty = dict.fromkeys(FLOATS)
    points = [
        {"magnitude": 17.5, "error": 0.02, "filter": "r"},
        {"magnitude": 17.9, "magnitude_error": 0.03, "filter": "i", "telescope": "CTMO"},
        {"limit": 20.1, "filter": "r"},
        {"magnitude": "bright", "filter": "r"},
        [1, 2],
    ]
    rows: dict[str, list[dict[str, Any]]] = {
        "tom_targets_basetarget": [{**empty, **common, **target} for target in targets],
        "tom_targets_targetname": [{"id": 1, "target_id": 1, "name": "NGC 224"},
                                   {"id": 2, "target_id": 2, "name": "SSS17a"}],
        "tom_targets_targetextra": [
            {"id": 1, "target_id": 2, "key": "redshift", "value": "0.0098", "bool_value": True},
            {"id": 2, "target_id": 2, "key": "seen", "value": "False", "bool_value": True},
            {"id": 3, "target_id": 2, "key": "story", "value": "long " * 200, "bool_value": True},
        ],
        "tom_targets_targetlist": [{"id": 1, "name": "Tonight"}, {"id": 2, "name": "Empty"}],
        "tom_targets_targetlist_targets": [
            {"id": i + 1, "targetlist_id": 1, "basetarget_id": target} for i, target in enumerate((1, 2, 3))
        ],
        "tom_dataproducts_dataproduct": [{"id": 1, "target_id": 2, "data": "x.csv", "data_product_type": "photometry"}],
        "tom_dataproducts_reduceddatum": [
            *[{"id": i + 1, "target_id": 2, "data_type": "photometry", "source_name": "ZTF",
               "timestamp": f"2026-01-0{i + 1} 03:04:05.500000", "value": json.dumps(point)}
              for i, point in enumerate(points)],
            {"id": 8, "target_id": 3, "data_type": "photometry", "source_name": "", "timestamp": TIME,
             "value": json.dumps(points[0])},
            {"id": 9, "target_id": 2, "data_type": "spectroscopy", "source_name": "", "timestamp": TIME, "value": "{}"},
        ],
        "tom_observations_observationrecord": [{"id": 1, "target_id": 2, "facility": "LCO", "status": "COMPLETED"}],
        "guardian_groupobjectpermission": [{"id": 1, "group_id": 1, "content_type_id": 1, "object_pk": "2"}],
        "auth_group": [{"id": 1, "name": "gw"}],
        "django_content_type": [{"id": 1, "app_label": "tom_targets", "model": "basetarget"}],
        "custom_code_usertarget": [{"basetarget_ptr_id": 1, "host": "Local Group"}],
    }  # fmt: skip
    with engine.begin() as connection:
        for name, some in rows.items():
            for row in some:
                connection.execute(sa.insert(tables[name]), row)
    engine.dispose()
