from __future__ import annotations

import base64
import json
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.alerts.maps import blob
from tests.unit.alerts.samples import gwalert_sample
from toros.alerts.assessment import assess_alert
from toros.alerts.mock import mock_gwalert
from toros.errors import Permanent

AT = datetime(2026, 11, 20, 2, 14, 5, tzinfo=UTC)


@pytest.fixture
def alert(tmp_path: Path) -> Path:
    (tmp_path / "alert.json").write_text(mock_gwalert(at=AT))
    return tmp_path / "alert.json"


def test_an_alert_is_assessed(alert: Path, tmp_path: Path) -> None:
    assessment = assess_alert(alert, tmp_path / "sky.png")
    assert assessment.galaxy is not None
    assert assessment.galaxy.name == "NGC4993"
    assert assessment.place == (assessment.galaxy.ra, assessment.galaxy.dec)
    assert assessment.candidates[0] == assessment.galaxy
    assert assessment.area == pytest.approx(32, rel=0.1)
    assert assessment.plotted
    assert (tmp_path / "sky.png").exists()
    assert pickle.loads(pickle.dumps(assessment)) == assessment


def test_where_no_galaxy_is_near_enough_the_most_probable_place_is_named(alert: Path, tmp_path: Path) -> None:
    assessment = assess_alert(alert, tmp_path / "sky.png", max_distance=5.0)
    assert assessment.galaxy is None
    assert assessment.place is not None
    assert "too far for the catalogue" in assessment.notes[0]
    assert "most probable place" in assessment.notes[1]


def test_without_distances_the_direction_alone_decides(alert: Path, tmp_path: Path) -> None:
    """As for bursts: nobody knows how far."""
    fields = json.loads(alert.read_text())
    fields["event"] |= {"group": "Burst", "classification": None, "properties": None}
    fields["event"]["skymap"] = base64.b64encode(blob(186.6, 12.9, 2.0, distance=None, order=6)).decode()
    alert.write_text(json.dumps(fields))
    assessment = assess_alert(alert, tmp_path / "sky.png")
    assert assessment.distance is None
    assert assessment.galaxy is not None
    assert assessment.galaxy.deviation is None
    assert len(assessment.candidates) == 8
    assert "map_distance_mpc" not in assessment.plain()
    assert assessment.plotted


def test_a_picture_that_cannot_be_drawn_holds_nothing_up(alert: Path, tmp_path: Path) -> None:
    assessment = assess_alert(alert, tmp_path / "no folder" / "sky.png")
    assert not assessment.plotted
    assert assessment.galaxy is not None
    assert "could not be drawn" in assessment.notes[-1]


def test_a_damaged_map_is_refused(alert: Path, tmp_path: Path) -> None:
    fields = json.loads(alert.read_text())
    fields["event"]["skymap"] = fields["event"]["skymap"][:4000]
    alert.write_text(json.dumps(fields))
    with pytest.raises(Permanent, match="map"):
        assess_alert(alert, tmp_path / "sky.png")


def test_a_coincidence_uses_the_combined_map(tmp_path: Path) -> None:
    (tmp_path / "alert.json").write_text(gwalert_sample("MS181101ab-ext-update"))
    assessment = assess_alert(tmp_path / "alert.json", tmp_path / "sky.png")
    assert assessment.area == pytest.approx(27.7, rel=0.01)
    assert assessment.notes == ("the map is the one combined with Fermi's",)
