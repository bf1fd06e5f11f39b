"""A small database with the tables and columns of a TOM Toolkit's public models, as it would have been left by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from PIL import Image
from sqlalchemy.dialects.postgresql import JSONB

__all__ = ["fill", "fill_media"]

FLOATS = (
    "ra", "dec", "epoch", "parallax", "pm_ra", "pm_dec", "galactic_lng", "galactic_lat", "distance", "distance_err",
    "epoch_of_elements", "mean_anomaly", "arg_of_perihelion", "eccentricity", "lng_asc_node", "inclination",
    "mean_daily_motion", "semimajor_axis", "epoch_of_perihelion", "perihdist",
)  # fmt: skip
CERES = {
    "scheme": "MPC_MINOR_PLANET", "epoch_of_elements": 2460600.5, "inclination": 10.588, "lng_asc_node": 80.249,
    "arg_of_perihelion": 73.299, "eccentricity": 0.0794, "mean_anomaly": 145.84, "semimajor_axis": 2.7666,
}  # fmt: skip
SPECTRUM = {"wavelength": [4000.0, 4001.0, 4002.0], "flux": [1.5, None, 1.75], "wavelength_units": "Angstrom"}
VALUES = sa.JSON().with_variant(JSONB, "postgresql")
MOMENTS = (
    ("tom_targets_basetarget", "created"), ("tom_dataproducts_reduceddatum", "timestamp"),
    ("tom_observations_observationrecord", "scheduled_start"), ("tom_observations_observationrecord", "scheduled_end"),
)  # fmt: skip
TIME = "2026-01-02 03:04:05.500000"


def _tables() -> tuple[sa.MetaData, dict[str, sa.Table]]:
    made = sa.MetaData()

    def number(name: str = "id") -> sa.Column[Any]:
        return sa.Column(name, sa.Integer, primary_key=name == "id")

    def text(*names: str) -> list[sa.Column[Any]]:
        return [sa.Column(name, sa.Text) for name in names]

    def values() -> sa.Column[Any]:
        return sa.Column("value", VALUES)

    floats = [sa.Column(name, sa.Float) for name in FLOATS]
    shape: dict[str, list[sa.Column[Any]]] = {
        "tom_targets_basetarget": [number(), *text("name", "type", "created", "modified", "permissions", "scheme"),
                                   *floats],
        "tom_targets_targetname": [number(), number("target_id"), *text("name", "created", "modified")],
        "tom_targets_targetextra": [number(), number("target_id"), *text("key", "value"),
                                    sa.Column("float_value", sa.Float), sa.Column("bool_value", sa.Boolean)],
        "tom_targets_targetlist": [number(), *text("name", "created", "modified")],
        "tom_targets_targetlist_targets": [number(), number("targetlist_id"), number("basetarget_id")],
        "tom_dataproducts_dataproduct": [number(), number("target_id"), number("observation_record_id"),
                                         *text("product_id", "data", "extra_data", "data_product_type", "created")],
        "tom_dataproducts_dataproductgroup": [number(), *text("name")],
        "tom_dataproducts_dataproduct_group": [number(), number("dataproduct_id"), number("dataproductgroup_id")],
        "tom_dataproducts_reduceddatum": [number(), number("target_id"), number("data_product_id"),
                                          *text("data_type", "source_name", "source_location", "timestamp"), values()],
        "tom_observations_observationrecord": [
            number(), number("target_id"), number("user_id"), *text("facility", "observation_id", "status"),
            sa.Column("parameters", VALUES), *text("scheduled_start", "scheduled_end", "created", "modified"),
        ],
        "tom_observations_observationgroup": [number(), *text("name")],
        "tom_observations_observationgroup_observation_records": [number(), number("observationgroup_id"),
                                                                  number("observationrecord_id")],
        "tom_observations_dynamiccadence": [number(), number("observation_group_id"), *text("cadence_strategy"),
                                            sa.Column("cadence_parameters", VALUES), sa.Column("active", sa.Boolean)],
        "tom_observations_observationtemplate": [number(), *text("name", "facility", "created", "modified"),
                                                 sa.Column("parameters", VALUES)],
        "django_comments": [number(), number("content_type_id"), *text("object_pk", "user_name", "comment")],
        "tom_alerts_brokerquery": [number(), *text("name", "broker"), sa.Column("parameters", VALUES)],
        "auth_user": [number(), *text("username")],
        "guardian_userobjectpermission": [number(), number("user_id"), number("content_type_id"), *text("object_pk")],
        "guardian_groupobjectpermission": [number(), number("group_id"), number("content_type_id"), *text("object_pk")],
        "auth_group": [number(), *text("name")],
        "django_content_type": [number(), *text("app_label", "model")],
        "custom_code_usertarget": [number("basetarget_ptr_id"), *text("host")],
    }  # fmt: skip
    return made, {name: sa.Table(name, made, *columns) for name, columns in shape.items()}


def fill(url: str) -> None:
    """Make the database: five targets, of which one lies nowhere, with all that hangs on them.

    Its files are made by `fill_media`.
    """
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
        "tom_dataproducts_dataproduct": [
            {"id": i + 1, "target_id": target, "observation_record_id": record, "data": data, "data_product_type": kind}
            for i, (target, record, data, kind) in enumerate([
                (2, 1, "gfo/ztf.csv", "photometry"), (2, None, "gfo/finder.png", "image_file"),
                (2, None, "../secret.txt", "photometry"), (2, None, "gfo/link.txt", ""), (2, None, "gone.fits", "raw"),
                (3, None, "gfo/ztf.csv", "photometry"),
            ])
        ],
        "tom_dataproducts_dataproductgroup": [{"id": 1, "name": "paper one"}],
        "tom_dataproducts_dataproduct_group": [{"id": 1, "dataproduct_id": 1, "dataproductgroup_id": 1}],
        "tom_dataproducts_reduceddatum": [
            *[{"id": i + 1, "target_id": 2, "data_product_id": 1, "data_type": "photometry", "source_name": "ZTF",
               "timestamp": f"2026-01-0{i + 1} 03:04:05.500000", "value": point} for i, point in enumerate(points)],
            {"id": 8, "target_id": 3, "data_type": "photometry", "source_name": "", "timestamp": TIME,
             "value": points[0]},
            {"id": 9, "target_id": 2, "data_type": "spectroscopy", "source_name": "LT", "timestamp": TIME,
             "value": SPECTRUM},
            {"id": 10, "target_id": 2, "data_type": "spectroscopy", "source_name": "LT", "timestamp": TIME,
             "value": {}},
            {"id": 11, "target_id": 2, "data_type": "atlas_photometry", "source_name": "ATLAS", "timestamp": TIME,
             "value": {"flux": 120.5, "flux_error": 3.0, "unit": "uJy", "filter": "o"}},
            {"id": 12, "target_id": 2, "data_type": "photometry", "source_name": "", "timestamp": TIME,
             "value": {"flux": 1.0, "unit": "furlong", "filter": "o"}},
            {"id": 13, "target_id": 2, "data_type": "lines", "source_name": "", "timestamp": TIME, "value": {"a": 1}},
            {"id": 14, "target_id": 7, "data_type": "photometry", "source_name": "", "timestamp": TIME,
             "value": points[0]},
            {"id": 15, "target_id": 2, "data_type": "photometry", "source_name": "", "timestamp": TIME,
             "value": {"magnitude": 17.0, "filter": "r", "note": "x" * 3_000_000}},
        ],
        "tom_observations_observationrecord": [
            {"id": i + 1, "target_id": target, "user_id": 1 + i % 2, "facility": "LCO", "observation_id": name,
             "status": status, "scheduled_start": start, "scheduled_end": end, "created": TIME,
             "parameters": {"exposure_time": 60, "exposure_count": 3, "start": "2026-01-02T00:00:00",
                            "end": "2026-01-03T00:00:00", "filter": "rp", "none": None, "bad\x07": "a\x07b"}}
            for i, (target, name, status, start, end) in enumerate([
                (2, "4711", "COMPLETED", TIME, "2026-01-02 03:10:00"), (2, "4712", "PENDING", None, None),
                (1, "", "canceled", None, None), (2, "4713", "Puzzled", None, None), (3, "4714", "PENDING", None, None),
                (1, "4711", "COMPLETED", None, None), (1, "4715", "PENDING", TIME, "2025-01-01 00:00:00"),
            ])
        ],
        "tom_observations_observationgroup": [{"id": 1, "name": "gfo nights"}],
        "tom_observations_observationgroup_observation_records": [
            {"id": i, "observationgroup_id": 1, "observationrecord_id": i} for i in (1, 2)
        ],
        "tom_observations_dynamiccadence": [
            {"id": 1, "observation_group_id": 1, "cadence_strategy": "RetryFailedObservationsStrategy",
             "cadence_parameters": {"cadence_frequency": 24}, "active": True}
        ],
        "tom_observations_observationtemplate": [
            {"id": 1, "name": "Deep r", "facility": "LCO", "parameters": {"exposure_time": 300, "filter": "rp"}},
            {"id": 2, "name": "deep-r", "facility": "LCO", "parameters": {"exposure_time": 30, "filter": "rp"}},
            {"id": 3, "name": "Odd", "facility": "!", "parameters": {}},
        ],
        "django_comments": [{"id": 1, "content_type_id": 1, "object_pk": "2", "user_name": "ada",
                             "comment": "fading\nfast"}],
        "tom_alerts_brokerquery": [{"id": 1, "name": "kilonovae", "broker": "ALeRCE", "parameters": {}}],
        "auth_user": [{"id": 1, "username": "ada"}, {"id": 2, "username": "grace"},
                      {"id": 3, "username": "AnonymousUser"}],
        "guardian_userobjectpermission": [{"id": 1, "user_id": 1, "content_type_id": 1, "object_pk": "2"}],
        "guardian_groupobjectpermission": [
            {"id": 1, "group_id": 1, "content_type_id": 1, "object_pk": "2"},
            {"id": 2, "group_id": 1, "content_type_id": 2, "object_pk": "1"},
        ],
        "auth_group": [{"id": 1, "name": "gw"}],
        "django_content_type": [
            {"id": 1, "app_label": "tom_targets", "model": "basetarget"},
            {"id": 2, "app_label": "tom_dataproducts", "model": "dataproduct"},
        ],
        "custom_code_usertarget": [{"basetarget_ptr_id": 1, "host": "Local Group"}],
    }  # fmt: skip
    with engine.begin() as connection:
        for name, some in rows.items():
            for row in some:
                connection.execute(sa.insert(tables[name]), row)
        if engine.dialect.name == "postgresql":  # there, times are what they should be
            for name, column in MOMENTS:
                change = f"ALTER TABLE {name} ALTER {column} TYPE timestamptz USING ({column} || '+00')::timestamptz"
                connection.exec_driver_sql(change)
    engine.dispose()


def fill_media(folder: Path) -> None:
    """Make the media folder: a table, a picture, and a link that leads out of it."""
    (folder / "gfo").mkdir(parents=True)
    (folder / "gfo" / "ztf.csv").write_text("time,filter,magnitude,error\n61041.1,r,17.5,0.02\n", encoding="utf-8")
    Image.new("RGB", (32, 24), "navy").save(folder / "gfo" / "finder.png")
    (folder.parent / "secret.txt").write_text("not yours", encoding="utf-8")
    (folder / "gfo" / "link.txt").symlink_to(folder.parent / "secret.txt")
