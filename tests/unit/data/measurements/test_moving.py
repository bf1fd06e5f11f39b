"""Spectra are kept as arrays; everything moves when targets merge."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import func, select

from tests.unit.data.measurements.curves import LATER, NOW, R, curve, ingest, reading
from toros.data.measurements.moving import move_measurements
from toros.data.measurements.spectra import read_spectra, record_spectrum
from toros.data.permissions import Viewer
from toros.data.processors.reading import About, Problems, SpectrumReading
from toros.data.tables import MeasurementHistory, Series, Spectrum
from toros.errors import Permanent
from toros.store.database import Database

WAVELENGTHS, UNKNOWN = np.array([4000.0, 4001.0, 4002.0]), np.full(3, np.nan)


def spectrum(*flux: float, mjd: float | None = 59000.25) -> SpectrumReading:
    return SpectrumReading(
        WAVELENGTHS, np.array(flux), UNKNOWN, "Angstrom", "erg s-1 cm-2 Angstrom-1", mjd, "FTN", Problems(), "test"
    )


def record(database: Database, what: SpectrumReading, target: int = 1) -> int:
    return database.write(lambda session: record_spectrum(session, target, what, recorded=NOW))


def test_a_spectrum_is_recorded_once_and_revised_in_its_place(database: Database) -> None:
    assert record(database, spectrum(1.0, 2.0, 3.0)) == record(database, spectrum(1.0, 2.5, 3.0))
    found = database.read(lambda session: read_spectra(session, 1, viewer=Viewer()))
    assert len(found) == 1 and found[0].flux.tolist() == [1.0, 2.5, 3.0] and found[0].error is None
    assert found[0].mjd == 59000.25 and found[0].wavelength.tolist() == WAVELENGTHS.tolist()
    with pytest.raises(Permanent, match="give mjd"):
        record(database, spectrum(1.0, 2.0, 3.0, mjd=None))
    record(database, spectrum(1.0, 2.0, 3.0), target=2)
    assert database.read(lambda session: read_spectra(session, 2, viewer=Viewer())) == []


def test_everything_moves_and_what_both_have_is_kept_as_the_first_has_it(database: Database) -> None:
    ingest(database, reading((59000.25, 18.0, 0.1)))
    ingest(database, reading((59000.25, 18.5, 0.1), (59001.25, 18.1, 0.1)), target=2)
    ingest(database, reading((59001.25, 18.2, 0.1)), target=2, recorded=LATER)  # revises
    ingest(database, reading((59002.25, 19.0, 0.1), about=About(band="g")), target=2)
    record(database, spectrum(1.0, 2.0, 3.0))
    record(database, spectrum(9.0, 9.0, 9.0), target=2)
    record(database, spectrum(9.0, 9.0, 9.0, mjd=59005.0), target=2)
    database.write(lambda session: move_measurements(session, 1, 2))
    assert curve(database).value.tolist() == [18.0, 18.2, 19.0] and len(curve(database, target=2)) == 0
    assert curve(database, bands=[R.band]).value.tolist() == [18.0, 18.2]
    found = database.read(lambda session: read_spectra(session, 1, viewer=Viewer()))
    assert [each.flux[0] for each in found] == [1.0, 9.0]

    def counts(session):  # type: ignore[no-untyped-def]
        tables = (Series, MeasurementHistory, Spectrum)
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]

    assert database.read(counts) == [2, 1, 2]
