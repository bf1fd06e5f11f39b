"""Real alerts, where they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["GWALERTS", "NOTICES", "VOEVENTS", "alert_sample", "gwalert_sample"]

GWALERTS = (
    "MS181101ab-earlywarning",
    "MS181101ab-ext-update",
    "MS181101ab-initial",
    "MS181101ab-preliminary",
    "MS181101ab-retraction",
    "MS181101ab-update",
    "S230520ae-Initial",
    "S230520ae-Preliminary",
    "S230520ae-Preliminary1",
    "S230522a-Preliminary",
)


VOEVENTS = (
    "260-GND",
    "AMON_ICECUBE_GOLD_190730",
    "GRB180116A_Fermi_GBM_Alert",
    "GRB180116A_Fermi_GBM_Fin_Pos",
    "Gaia16aac",
    "MS181101ab-1-EarlyWarning",
    "MS181101ab-2-Preliminary",
    "MS181101ab-3-Initial",
    "MS181101ab-4-Update",
    "MS181101ab-5-Retraction",
    "MS181101ab-6-Update",
    "no_namespace_packet",
    "sb25030804-GRM_TRIGGER",
    "swift_grb_gcn",
)
NOTICES = (
    "einstein_probe.wxt.alert",
    "fermi.gbm.trigger.final",
    "fermi.gbm.trigger.flight1",
    "icecube.single_neutrino_alerts.gold_bronze_track_alerts",
    "km3net.alert",
    "maxi.gsc.unknown.ellipse",
    "maxi.gsc.unknown.retraction",
    "superk.sn_alert.test",
    "svom.eclairs.trigger.slewing",
    "swift.bat.Guano",
)


def alert_sample(name: str) -> bytes:
    """Return a real alert of any format as it came; skip the test where there are no samples."""
    folder = os.environ.get("TOROS_SAMPLE_DATA")
    if not folder:
        pytest.skip("TOROS_SAMPLE_DATA does not name the folder of sample data")
    alerts = Path(folder) / "alerts"
    if name in VOEVENTS:
        return (alerts / "voevent" / f"{name}.xml").read_bytes()
    if name in NOTICES:
        return (alerts / "gcn_notice" / f"gcn-schema__{name}.example.json").read_bytes()
    return (alerts / "gwalert" / f"{name}.json").read_bytes()


def gwalert_sample(name: str) -> str:
    """Return the text of a real alert of LVK; skip the test where there are no samples."""
    return alert_sample(name).decode()
