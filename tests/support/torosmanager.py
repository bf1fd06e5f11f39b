"""A small database with the tables of torosmanager's public models, as its library makes them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

__all__ = ["fill_torosmanager"]

TABLES = """
CREATE TABLE "NightBundle" (id INTEGER PRIMARY KEY, telescope_night_bundle_id INTEGER NOT NULL,
    datetime DATETIME NOT NULL, directory_path TEXT NOT NULL);
CREATE TABLE "Exposure" (id INTEGER PRIMARY KEY, night_bundle INTEGER NOT NULL REFERENCES "NightBundle" (id),
    filename TEXT NOT NULL, exposure_type TINYINT NOT NULL, naxis INTEGER, naxis1 INTEGER, naxis2 INTEGER,
    exptime REAL);
CREATE TABLE "ExposureCombination" (id INTEGER PRIMARY KEY, night_bundle INTEGER REFERENCES "NightBundle" (id),
    filename TEXT NOT NULL, combination_type TINYINT NOT NULL);
CREATE TABLE "Exposure_ExposureCombination" (exposure INTEGER NOT NULL, exposurecombination INTEGER NOT NULL);
CREATE TABLE "ExposureCombination_ExposureCombination" (exposurecombination INTEGER NOT NULL,
    exposurecombination_2 INTEGER NOT NULL);
"""
ROWS = """
INSERT INTO "NightBundle" VALUES (1, 1, '2020-04-01 10:00:00', '/data/toros/n1');
INSERT INTO "Exposure" VALUES (1, 1, 'dark.fits', 2, 2, 10, 10, 60.0), (2, 1, 'light.fits', 0, 2, 10, 10, 60.0),
    (3, 1, 'gone.fits', 0, 2, 10, 10, 60.0), (4, 1, '../secret.txt', 0, 2, 10, 10, 60.0),
    (5, 1, 'light.fits', 9, 2, 10, 10, 60.0);
INSERT INTO "ExposureCombination" VALUES (1, 1, 'dark_master.fits', 2), (2, 1, 'calib_light.fits', 0);
INSERT INTO "Exposure_ExposureCombination" VALUES (1, 1), (2, 2), (3, 2);
INSERT INTO "ExposureCombination_ExposureCombination" VALUES (2, 1);
"""


def fill_torosmanager(path: Path) -> None:
    """Make the database: one night, five exposures of which two are good, a master and a calibrated frame."""
    connection = sqlite3.connect(path)
    connection.executescript(TABLES + ROWS)
    connection.close()
