from __future__ import annotations

import functools
import warnings
from dataclasses import replace
from pathlib import Path

import astropy.io.fits as fits
import numpy as np
import pytest
from astropy.wcs import WCS

from tests.unit.observatory.cameras import CAMERA, SITE, exposure
from toros.observatory.devices.sensor import expose
from toros.observatory.frames import frame_header, write_frame


def written(path: Path, kind: str = "light") -> Path:
    taken = exposure(kind, event="MS261120ab" if kind == "light" else None)  # type: ignore[arg-type]
    size = write_frame(functools.partial(expose, taken, CAMERA, 1), taken, CAMERA, SITE, path / "a.fits")
    assert size == (path / "a.fits").stat().st_size
    return path / "a.fits"


def test_the_file_holds_the_pixels_and_its_checksum_is_right(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(written(tmp_path), checksum=True) as file:
            file.verify("exception")
            assert (file[0].data == expose(exposure(event="MS261120ab"), CAMERA, 1)).all()
            assert file[0].data.dtype == np.uint16
    assert [path.name for path in tmp_path.iterdir()] == ["a.fits"]


def test_the_same_exposure_is_the_same_file_byte_for_byte(tmp_path: Path) -> None:
    first = written(tmp_path).read_bytes()
    assert written(tmp_path).read_bytes() == first


def test_the_header_tells_what_readers_look_for() -> None:
    header = frame_header(exposure(event="MS261120ab", dome="open"), CAMERA, SITE)
    assert (header["IMAGETYP"], header["OBSTYPE"]) == ("LIGHT", "EXPOSE")
    assert (header["OBJECT"], header["EVENT"], header["ORDER"]) == ("NGC1365", "MS261120ab", "order-1")
    assert (header["FILTER"], header["EXPTIME"]) == ("r", 60.0)
    assert header["TIMESYS"] == "UTC"
    assert header["DATE-OBS"] == "2026-11-21T01:00:00.000"
    assert header["DATE-AVG"] == "2026-11-21T01:00:30.000"
    assert header["DATE-END"] == "2026-11-21T01:01:00.000"
    assert header["DAY-OBS"] == "2026-11-20"
    assert (header["GAIN"], header["RDNOISE"], header["SATURATE"]) == (1.5, 8.0, 60000.0)
    assert (header["TELESCOP"], header["INSTRUME"]) == (CAMERA.telescope, CAMERA.name)
    assert (header["SITELAT"], header["SITELONG"], header["SITEELEV"]) == (-24.6157, -67.3283, 4637.0)
    assert (header["RA"], header["DEC"]) == (60.0, -24.0)
    assert (header["OBJCTRA"], header["OBJCTDEC"]) == ("04 00 00.000", "-24 00 00.00")
    assert header["CCD-TEMP"] == -20.0
    assert header["DOMESHUT"] == "open"
    assert header["CREATOR"].startswith("TOROS ")
    assert header["SIMULATE"] is True


def test_times_and_airmass_agree_with_astropy() -> None:
    import astropy.units as u
    from astropy.coordinates import AltAz, EarthLocation, SkyCoord
    from astropy.time import Time
    from astropy.utils import iers

    header = frame_header(exposure(), CAMERA, SITE)
    assert header["MJD-OBS"] == pytest.approx(Time(header["DATE-OBS"], scale="utc").mjd, abs=1e-9)
    with iers.conf.set_temp("auto_download", False), iers.conf.set_temp("auto_max_age", None):
        place = EarthLocation.from_geodetic(SITE.longitude * u.deg, SITE.latitude * u.deg, SITE.elevation * u.m)
        frame = AltAz(obstime=Time(header["DATE-AVG"]), location=place)
        theirs = SkyCoord(60.0, -24.0, unit="deg").transform_to(frame)
    assert header["AIRMASS"] == pytest.approx(float(theirs.secz), rel=0.01)
    assert header["OBJCTALT"] == pytest.approx(theirs.alt.deg, abs=0.5)


def test_the_projection_is_read_back() -> None:
    wcs = WCS(frame_header(exposure(), CAMERA, SITE))
    assert wcs.wcs_world2pix([[60.0, -24.0]], 0)[0] == pytest.approx([199.5, 149.5])
    east, north = wcs.wcs_world2pix([[60.01, -24.0], [60.0, -23.99]], 0)
    assert east[0] < 199.5
    assert north[1] > 149.5


@pytest.mark.parametrize("kind", ["bias", "dark", "flat"])
def test_calibration_frames_point_nowhere(kind: str) -> None:
    header = frame_header(exposure(kind), CAMERA, SITE)  # type: ignore[arg-type]
    assert header["IMAGETYP"] == kind.upper()
    assert header["OBJECT"] == kind
    assert not {"RA", "DEC", "CRVAL1", "AIRMASS", "EVENT"} & set(header)
    assert ("FILTER" in header) is (kind == "flat")


def test_below_the_horizon_there_is_no_airmass() -> None:
    header = frame_header(exposure(dec=80.0), CAMERA, SITE)
    assert "AIRMASS" not in header
    assert header["OBJCTALT"] < 0


def test_names_that_no_card_can_hold_do_no_harm() -> None:
    header = frame_header(exposure(target="Šmarje ★ " + "x" * 100), CAMERA, replace(SITE, name="Ñandú"))
    assert header["OBJECT"].startswith("?marje ?")
    assert header["OBSERVAT"] == "?and?"
    header.tostring()


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        write_frame(lambda: np.zeros((4, 4), np.uint16), exposure(), CAMERA, SITE, tmp_path / "file" / "a.fits")
