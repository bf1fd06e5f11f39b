from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.alerts.samples import alert_sample
from toros.alerts.alert import Alert, Place
from toros.alerts.reading import read_alert
from toros.errors import Unreadable

IVORN = "ivo://nasa.gsfc.gcn/Fermi#GBM_Flt_Pos_2026-11-20"
TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<voe:VOEvent xmlns:voe="http://www.ivoa.net/xml/VOEvent/v{version}" version="{version}" ivorn="{ivorn}" role="{role}">
 <Who><Date>2026-11-20T02:14:05</Date></Who>
 <What>{params}</What>
 <WhereWhen><ObsDataLocation><ObservatoryLocation id="GEOLUN"/><ObservationLocation>
  <AstroCoordSystem id="{system}"/><AstroCoords coord_system_id="{system}">
  <Time unit="s"><TimeInstant><ISOTime>{time}</ISOTime></TimeInstant></Time>
  <Position2D unit="{unit}"><Value2><C1>{ra}</C1><C2>{dec}</C2></Value2>
  <Error2Radius>{radius}</Error2Radius></Position2D>
  </AstroCoords></ObservationLocation></ObsDataLocation></WhereWhen>
 <Why><Inference><Concept>{concept}</Concept></Inference></Why>
 <Citations>{citations}</Citations>
</voe:VOEvent>"""


def packet(**changes: Any) -> bytes:
    """Return a packet with parts replaced; `What` as keywords of `params`."""
    params = changes.pop("params", {"TrigID": "785000001"})
    parts = {
        "version": "2.0", "ivorn": IVORN, "role": "observation", "system": "UTC-FK5-GEO", "unit": "deg",
        "time": "2026-11-20T02:13:36.5", "ra": "212.77", "dec": "27.05", "radius": "5.2",
        "concept": "", "citations": "",
        "params": "".join(f'<Param name="{name}" value="{value}"/>' for name, value in params.items()),
    }  # fmt: skip
    return TEMPLATE.format(**(parts | changes)).encode()


def alert(**changes: Any) -> Alert:
    return read_alert(packet(**changes))


def complaint(content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read_alert(content)
    return str(caught.value)


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_both_versions_are_read(version: str) -> None:
    read = alert(version=version)
    assert (read.source, read.kind, read.event, read.alert_type) == ("Fermi", "grb", "Fermi-785000001", "INITIAL")
    assert read.place == Place(212.77, 27.05, 5.2, containment=0.68)
    assert read.time_created == datetime(2026, 11, 20, 2, 14, 5, tzinfo=UTC)
    assert read.event_time == datetime(2026, 11, 20, 2, 13, 36, 500000, tzinfo=UTC)
    assert read.instruments == ("GBM",)
    assert not read.is_test


def test_blanks_between_elements_do_not_make_another_alert() -> None:
    assert read_alert(packet().replace(b"\n ", b"\n\n     ")).content_hash == alert().content_hash
    assert alert(ra="212.78").content_hash != alert().content_hash


@pytest.mark.parametrize(
    ("ivorn", "params", "event"),
    [
        ("ivo://nasa.gsfc.gcn/SWIFT#BAT_GRB_Pos_1-2", {"TrigID": "1123129"}, "Swift-1123129"),
        ("ivo://nasa.gsfc.gcn/AMON#ICECUBE_GOLD_x", {"run_id": "132910", "event_id": "57", "AMON_ID": "1"},
         "IceCube-132910_57"),
        ("ivo://nasa.gsfc.gcn/GECAM#FLT_Event", {"Trigger_Number": "260", "Trigger_ID": "0x0"}, "GECAM-260"),
        ("ivo://nasa.gsfc.gcn/CALET#GBM_x", {"TrigID": "77"}, "CALET-77"),
        ("ivo://org.svom/fsc#sb1_grm", {"Burst_Id": "sb26112004"}, "SVOM-sb26112004"),
        ("ivo://org.example/stream#cand 4/7", {}, "cand_4_7"),
        ("ivo://org.example/stream#x", {"TrigID": "0", "Name": "SN 2026abc"}, "org.example-SN_2026abc"),
    ],
)  # fmt: skip
def test_events_are_named_by_their_trigger_or_their_packet(ivorn: str, params: dict[str, str], event: str) -> None:
    assert alert(ivorn=ivorn, params=params).event == event


def test_a_packet_that_cites_is_about_the_event_that_it_cites() -> None:
    first = alert(ivorn="ivo://org.example/stream#first", params={})
    later = alert(
        ivorn="ivo://org.example/stream#later", params={},
        citations='<EventIVORN cite="supersedes">ivo://org.example/stream#first</EventIVORN>',
    )  # fmt: skip
    assert later.event == first.event == "first"
    assert (first.alert_type, later.alert_type) == ("INITIAL", "UPDATE")
    assert later.cites == (first.ivorn,)


@pytest.mark.parametrize(
    "changes",
    [
        {"citations": '<EventIVORN cite="retraction">ivo://nasa.gsfc.gcn/Fermi#x</EventIVORN>'},
        {"params": {"TrigID": "785000001", "Retraction": "true"}},
        {"params": {"TrigID": "785000001", "Def_NOT_a_GRB": "true"}},
    ],
)
def test_what_is_taken_back_is_a_retraction(changes: dict[str, Any]) -> None:
    assert alert(**changes).is_retraction


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"ra": "0.0", "dec": "0.0", "radius": "0.0"}, "no position yet"),
        ({"params": {"TrigID": "7", "Coords_String": "unavailable/inappropriate"}}, "no position yet"),
        ({"ra": "here"}, "position of the alert is none"),
        ({"ra": "NaN"}, "position of the alert is none"),
        ({"dec": "95"}, "position of the alert is none"),
        ({"unit": "rad"}, "not understood"),
        ({"system": "UTC-GALACTIC-GEO"}, "not understood"),
    ],
)
def test_a_position_that_cannot_be_used_is_none_and_noted(changes: dict[str, Any], note: str) -> None:
    read = alert(**changes)
    assert read.place is None
    assert any(note in each for each in read.notes)


@pytest.mark.parametrize("radius", ["-1.0000", "0", "", "Infinity", "400"])
def test_an_error_that_cannot_be_is_left_out(radius: str) -> None:
    read = alert(radius=radius)
    assert read.place is not None
    assert read.place.radius is None
    assert "the alert tells no error of its position" in read.notes


@pytest.mark.parametrize("time", ["", "soon", "2026-13-01T00:00:00"])
def test_an_event_without_a_time_is_noted(time: str) -> None:
    read = alert(time=time)
    assert read.event_time is None
    assert "the alert does not say when the event happened" in read.notes


@pytest.mark.parametrize(
    ("system", "ahead"), [("TDB-ICRS-BARY", 69.184), ("TT-ICRS-GEO", 69.184), ("GPS-FK5-TOPO", 18.0)]
)
def test_other_time_scales_become_utc(system: str, ahead: float) -> None:
    utc, other = alert().event_time, alert(system=system).event_time
    assert utc is not None
    assert other is not None
    assert (utc - other).total_seconds() == pytest.approx(ahead, abs=0.003)


def test_no_position_at_all() -> None:
    bare = b'<VOEvent ivorn="ivo://org.example/a#b"><What><Param name="x" value="1"/></What></VOEvent>'
    read = read_alert(bare)
    assert (read.place, read.event_time, read.time_created, read.event) == (None, None, None, "b")


@pytest.mark.parametrize("role", ["test", "TEST"])
def test_tests_are_known_by_their_role(role: str) -> None:
    assert alert(role=role).is_test


def test_tests_are_known_by_their_flag() -> None:
    assert alert(params={"TrigID": "7", "Test_Submission": "true"}).is_test


def test_utilities_are_no_events_of_the_sky() -> None:
    assert alert(role="utility").kind == "other"


@pytest.mark.parametrize(
    ("concept", "kind"),
    [
        ("process.variation.burst;em.gamma", "grb"),
        ("process.variation;em.X-ray", "x-ray"),
        ("process.variation.trans", "transient"),
        ("", "other"),
    ],
)
def test_a_strangers_concept_says_what_kind_it_is(concept: str, kind: str) -> None:
    assert alert(ivorn="ivo://org.example/stream#1", concept=concept).kind == kind


def test_a_false_alarm_rate_is_in_hertz_where_its_unit_is_told() -> None:
    rate = b'<Param name="FAR" value="1.0" unit="yr^-1"/></What>'
    assert read_alert(packet().replace(b"</What>", rate)).far == pytest.approx(3.169e-8, rel=1e-3)
    assert alert(params={"TrigID": "7", "FAR": "1.0"}).far is None


def lvk(**params: str) -> Alert:
    told = {"GraceID": "S261120ab", "AlertType": "Preliminary", "Pkt_Ser_Num": "2", "Search": "AllSky"} | params
    return alert(ivorn="ivo://gwnet/LVC#S261120ab-2-Preliminary", params=told, ra="", dec="")


def test_lvk_has_its_own_names_types_and_serial_numbers() -> None:
    read = lvk(Significant="1", skymap_fits="https://gracedb.example.org/a.multiorder.fits,0")
    assert (read.source, read.kind, read.event, read.alert_type) == ("LVK", "gw", "S261120ab", "PRELIMINARY")
    assert (read.serial, read.significant, read.is_mock) == (2, True, False)
    assert read.skymap_url == read.best_skymap_url == "https://gracedb.example.org/a.multiorder.fits,0"


def test_older_lvk_packets_tell_their_type_by_number_alone() -> None:
    assert lvk(AlertType="", Packet_Type="164").is_retraction


def test_injections_are_mock() -> None:
    assert lvk(HardwareInj="1").is_mock
    assert lvk(GraceID="MS261120ab").is_mock


@pytest.mark.parametrize("params", [{"GraceID": "../etc"}, {"GraceID": ""}, {"AlertType": "Shout"}])
def test_an_lvk_packet_without_name_or_type_is_refused(params: dict[str, str]) -> None:
    with pytest.raises(Unreadable, match="allowed"):
        lvk(**params)


BILLION_LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b']><VOEvent ivorn="ivo://org.example/a#b"><Description>&j;</Description></VOEvent>'
)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BILLION_LAUGHS, "document type"),
        (b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><VOEvent ivorn="ivo://org.example/a#b"/>', "document type"),
        (b'<VOEvent ivorn="ivo://org.example/a#b"><What>&file;</What></VOEvent>', "not XML"),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-<VOEvent ivorn="ivo://o.e/a#b"/>', "not XML"),
        ('<?xml version="1.0" encoding="UTF-16"?><VOEvent ivorn="ivo://o.e/a#b"/>'.encode("utf-16"), "begins with"),
        (b"<a>" * 300 + b"</a>" * 300, "not XML|deep"),
        (b'<VOEvent ivorn="ivo://o.e/a#b">' + b"<a>" * 100 + b"</a>" * 100 + b"</VOEvent>", "deep"),
        (b'<VOEvent ivorn="ivo://o.e/a#b">' + b"<a/>" * 30_000 + b"</VOEvent>", "elements"),
        (b'<VOEvent ivorn="ivo://o.e/a#b">' + b" " * 1_000_000 + b"</VOEvent>", "bytes long"),
        (b"<VOEvent/>", "ivorn"),
        (b'<VOEvent ivorn="ivo://org.example/a#"/>', "names no event"),
        (b'<VOEvent ivorn="ivo://o.e/a#\xff"/>', "not text in UTF-8"),
        (b'<VOEvent ivorn="ivo://o.e/a#b"><What><Param></What></VOEvent>', "not XML"),
    ],
    ids=lambda value: repr(value[:16]),
)
def test_traps_are_refused(content: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        read_alert(content)


def test_an_entity_never_opens_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the secret")
    trap = (
        f'<!DOCTYPE x [<!ENTITY f SYSTEM "file://{tmp_path}/secret">]>'
        '<VOEvent ivorn="ivo://org.example/a#b"><What><Param name="Name"><Value>&f;</Value></Param></What></VOEvent>'
    )
    assert "secret" not in complaint(trap.encode())


def test_latin_1_is_read_where_it_is_declared() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><VOEvent ivorn="ivo://org.example/a#b"><Why>é</Why></VOEvent>'
    assert read_alert(text.encode("iso-8859-1")).event == "b"


def test_a_real_gecam_notice_that_the_schema_forbids() -> None:
    read = read_alert(alert_sample("260-GND"))
    assert (read.event, read.place) == ("GECAM-260", Place(351.91, 1.19, 1.9299, containment=0.68))


def test_a_real_icecube_notice() -> None:
    read = read_alert(alert_sample("AMON_ICECUBE_GOLD_190730"))
    assert (read.source, read.kind, read.event, read.serial) == ("IceCube", "neutrino", "IceCube-132910_57145925", 1)
    assert (read.alert_type, read.properties) == ("UPDATE", {"signalness": 0.6716})
    assert read.place == Place(225.7899, 10.47, 1.185, containment=0.9)


def test_two_real_fermi_notices_are_of_one_event() -> None:
    first, last = (read_alert(alert_sample(f"GRB180116A_Fermi_GBM_{part}")) for part in ("Alert", "Fin_Pos"))
    assert first.event == last.event == "Fermi-537755817"
    assert first.place is None
    assert last.cites == (first.ivorn,)


def test_a_real_gaia_alert_with_a_nameless_param() -> None:
    read = read_alert(alert_sample("Gaia16aac"))
    assert (read.source, read.kind, read.event) == ("Gaia", "transient", "Gaia16aac")
    assert read.place is not None
    assert read.place.radius == 0.00002


def test_a_real_packet_without_namespace_or_packet_type() -> None:
    read = read_alert(alert_sample("no_namespace_packet"))
    assert read.is_test
    assert read.place is None


def test_real_svom_and_swift_notices() -> None:
    svom, swift = (read_alert(alert_sample(name)) for name in ("sb25030804-GRM_TRIGGER", "swift_grb_gcn"))
    assert (svom.event, svom.instruments) == ("SVOM-sb25030804", ("GRM",))
    assert svom.place is not None
    assert svom.place.radius is None
    assert (swift.event, swift.instruments) == ("Swift-1123129", ("BAT",))


def test_the_real_update_of_lvk_brings_a_coincidence() -> None:
    read = read_alert(alert_sample("MS181101ab-6-Update"))
    assert read.coincidence is not None
    assert (read.coincidence.observatory, read.coincidence.time_difference) == ("Fermi", 2.02)
    assert (read.best_skymap_url or "").endswith("combined-ext.multiorder.fits")
    assert read.is_mock
    assert sum(read.classification.values()) == pytest.approx(1.0)
