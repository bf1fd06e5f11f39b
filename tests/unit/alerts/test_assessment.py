from __future__ import annotations

import base64
import json
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.alerts.maps import blob
from tests.unit.alerts.samples import alert_sample, gwalert_sample
from toros.alerts.assessment import Assessment, assess_file
from toros.alerts.mock import mock_gwalert
from toros.alerts.plans import Observatory
from toros.alerts.policy import Rule
from toros.alerts.story import Effect
from toros.config import RuleSettings
from toros.errors import Permanent
from toros.sky.site import Site

MACON = Observatory("macon", Site(-67.33, -24.62, 4637.0, 20.0, "macon"), field_width=2.0, field_height=2.0)
AT = datetime(2026, 11, 20, 2, 14, 5, tzinfo=UTC)


@pytest.fixture
def alert(tmp_path: Path) -> Path:
    (tmp_path / "alert.json").write_text(mock_gwalert(at=AT))
    return tmp_path / "alert.json"


def assessed(file: Path, effect: Effect = Effect.FIRST, max_distance: float = 500.0, **wanted: Any) -> Assessment:
    """Return what one telescope does whose rule asks for nothing else."""
    settings = {"visibility": "ignore", "exposure_time": 60.0, "exposures": 1, "validity": 24.0} | wanted
    rule = Rule("macon", RuleSettings(**settings))
    return assess_file(file, [(MACON, rule)], effect, AT, max_distance=max_distance)


def test_an_alert_is_assessed(alert: Path) -> None:
    assessment = assessed(alert)
    assert assessment.candidates[0].name == "NGC4993"
    assert assessment.place == (assessment.candidates[0].ra, assessment.candidates[0].dec)
    assert assessment.facts.area == pytest.approx(32, rel=0.1)
    (one,) = assessment.follow_ups
    assert [each.aim.name for each in one.plan.targets][0] == "NGC4993" and len(one.plan.targets) == 5
    assert pickle.loads(pickle.dumps(assessment)) == assessment


def test_where_no_galaxy_is_near_enough_fields_are_laid(alert: Path) -> None:
    assessment = assessed(alert, max_distance=5.0)
    assert assessment.candidates == ()
    assert assessment.place is not None
    assert "too far for the catalogue" in assessment.notes[0]
    targets = assessment.follow_ups[0].plan.targets
    assert " field " in targets[0].aim.name
    assert targets[0].aim.probability >= targets[1].aim.probability > 0.0


def test_without_distances_fields_are_laid_unless_galaxies_are_asked_for(alert: Path) -> None:
    """As for bursts: nobody knows how far."""
    fields = json.loads(alert.read_text())
    fields["event"] |= {"group": "Burst", "classification": None, "properties": None}
    fields["event"]["skymap"] = base64.b64encode(blob(186.6, 12.9, 2.0, distance=None, order=6)).decode()
    alert.write_text(json.dumps(fields))
    assert " field " in assessed(alert).follow_ups[0].plan.targets[0].aim.name
    assessment = assessed(alert, search="galaxies")
    assert assessment.candidates[0].deviation is None
    assert assessment.follow_ups[0].plan.targets[0].aim.name == assessment.candidates[0].name
    assert "map_distance_mpc" not in assessment.plain()


def test_what_can_be_seen_is_planned_and_the_rest_has_a_reason(alert: Path) -> None:
    plan = assessed(alert, visibility="respect", targets=2).follow_ups[0].plan
    assert all(each.start and each.end for each in plan.targets)
    assert len(plan.targets) + len(plan.left_out) > 0


@pytest.mark.parametrize("effect", [Effect.SAME, Effect.LATE, Effect.RETRACTION])
def test_of_what_changes_nothing_no_map_is_looked_at(alert: Path, effect: Effect) -> None:
    assessment = assessed(alert, effect)
    assert (assessment.place, assessment.facts.area, assessment.follow_ups[0].plan.targets) == (None, None, ())


def test_a_damaged_map_is_refused(alert: Path) -> None:
    fields = json.loads(alert.read_text())
    fields["event"]["skymap"] = fields["event"]["skymap"][:4000]
    alert.write_text(json.dumps(fields))
    with pytest.raises(Permanent, match="map"):
        assessed(alert)


def test_a_coincidence_uses_the_combined_map(tmp_path: Path) -> None:
    (tmp_path / "alert.json").write_text(gwalert_sample("MS181101ab-ext-update"))
    assessment = assessed(tmp_path / "alert.json")
    assert assessment.facts.area == pytest.approx(27.7, rel=0.01)
    assert assessment.notes == ("the map is the one combined with Fermi's",)


@pytest.mark.parametrize(
    ("name", "note", "target"),
    [("swift_grb_gcn", "a circle of", "Swift-1123129"), ("GRB180116A_Fermi_GBM_Fin_Pos", "a circle of", " field ")],
)
def test_a_position_with_an_error_becomes_a_map(tmp_path: Path, name: str, note: str, target: str) -> None:
    (tmp_path / "alert.xml").write_bytes(alert_sample(name))
    assessment = assessed(tmp_path / "alert.xml")
    assert note in " ".join(assessment.notes)
    assert target in assessment.follow_ups[0].plan.targets[0].aim.name
