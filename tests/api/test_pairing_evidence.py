"""What the app saw: kept as its word, bounded, without names, and answered with how the attempt stands."""

from typing import Any

import pytest

from gateway.domain.attempts import Attempt
from gateway.domain.evidence import Evidence, Source
from gateway.domain.failures import Code
from gateway.domain.identity import PairingId
from tests.api.house import House, Person
from tests.api.rig import problem


async def opened(person: Person) -> str:
    answer = await person.ask("POST", "/v1/pairings")
    pairing_id: str = (await answer.json())["pairing_id"]
    return pairing_id


async def tell(person: Person, pairing_id: str, status: int = 201, **body: Any) -> dict[str, Any]:
    answer = await person.ask("POST", f"/v1/pairings/{pairing_id}/evidence", body)
    assert answer.status == status, await answer.text()
    found: dict[str, Any] = await answer.json()
    return found


async def kept(house: House, pairing_id: str) -> tuple[Attempt, list[Evidence]]:
    attempt = await house.run(lambda tx: tx.attempts.latest_of_pairing(PairingId(pairing_id)))
    assert attempt is not None
    return attempt, await house.run(lambda tx: tx.attempts.evidence(attempt.attempt_id))


REJECTED = {"source": "appliance", "stage": "wifi", "code": "auth_fail", "count": 3}
WHOLE: dict[str, Any] = {
    "app_version": "3.2.0",
    "entries": [
        {"stage": "pair", "ago_ms": 40_000},
        {"stage": "wifi", "ago_ms": 30_000},
        {"source": "appliance", "stage": "wifi", "code": "WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT", "count": 2},
        {"source": "appliance", "stage": "wifi", "code": "E-17"},
    ],
    "scan": [
        {"band": "2.4", "security": "wpa2", "rssi": -52, "chosen": True},
        {"band": "5", "security": "wpa3", "rssi": -40},
    ],
    "radio": {"rssi": -76, "security": "wpa2", "band": "2.4"},
    "permissions": {"bluetooth": True, "location": False},
    "timings": {"local_link_ms": 1200},
    "probes": {"tcp_8883": "ok", "dns": "ok"},
    "joined_same_network": False,
}


async def test_a_whole_report_is_kept_line_by_line_as_reported(house: House, ann: Person) -> None:
    pairing_id = await opened(ann)
    told = await tell(ann, pairing_id, **WHOLE)
    assert (told["stage"], told["code"], told["number"]) == ("wifi", "wifi.password_suspect", 103)
    assert (told["confidence"], told["retry"]) == ("reported_by_appliance", "now")
    attempt, lines = await kept(house, pairing_id)
    assert attempt.app_version == "3.2.0"
    assert told["trace_id"] == attempt.trace_id
    said = {line.says: line for line in lines}
    assert said["app_report"].detail == "bluetooth allowed, location not allowed, local_link 1200 ms"
    assert said["app_scan"].detail == "rssi -52 dBm, 2.4 GHz, wpa2, chosen; rssi -40 dBm, 5 GHz, wpa3"
    assert said["signal_weak"].detail == "rssi -76 dBm, 2.4 GHz, wpa2"
    assert {line.source for line in lines} == {Source.APP, Source.LOCAL_LINK}
    assert [line.raw_code for line in lines if line.code is None and line.raw_code] == ["E-17"], "unknown, and shown"


async def test_three_equal_refusals_at_a_good_signal_blame_the_password(ann: Person) -> None:
    pairing_id = await opened(ann)
    told = await tell(ann, pairing_id, entries=[REJECTED], radio={"rssi": -55})
    assert told["code"] == "wifi.password_rejected"


async def test_a_phone_that_joined_with_the_same_password_clears_the_person(house: House, ann: Person) -> None:
    pairing_id = await opened(ann)
    told = await tell(ann, pairing_id, entries=[REJECTED], joined_same_network=True)
    assert told["code"] == "wifi.password_suspect"


@pytest.mark.parametrize(
    ("probes", "code"),
    [
        ({"tcp_8883": "timeout", "tcp_443": "ok", "dns": "ok"}, "net.port_blocked"),
        ({"http": "portal", "dns": "ok"}, "net.captive_portal"),
        ({"dns": "failed", "http": "ok"}, "net.dns_failed"),
        ({"tcp_8883": "timeout", "tcp_443": "timeout", "dns": "failed"}, "net.no_internet"),
        ({"tcp_8883": "ok"}, None),
    ],
)
async def test_what_the_phone_can_reach_says_what_is_wrong_with_the_network(
    ann: Person, probes: dict[str, str], code: str | None
) -> None:
    told = await tell(ann, await opened(ann), probes=probes)
    assert told["code"] == code
    assert told["confidence"] == "reported_by_app"


async def test_an_app_that_claims_what_only_the_broker_sees_is_heard_and_not_believed(
    house: House, ann: Person
) -> None:
    pairing_id = await opened(ann)
    lies = [{"stage": "tls", "code": "303"}, {"stage": "first"}, {"source": "appliance", "stage": "act", "code": "507"}]
    told = await tell(ann, pairing_id, entries=lies)
    assert (told["stage"], told["code"]) == ("pair", None)
    _, lines = await kept(house, pairing_id)
    assert [line.raw_code for line in lines if line.raw_code] == ["303", "507"]
    assert all(line.confidence.value.startswith("reported") for line in lines)


async def test_the_pairings_stream_tells_the_verdict(house: House, ann: Person) -> None:
    pairing_id = await opened(ann)
    async with ann.listen(f"/v1/pairings/{pairing_id}/events") as stream:
        await stream.until("pairing")
        told = await tell(ann, pairing_id, entries=[{"stage": "pair", "code": "device_not_found"}])
        heard = (await stream.until("pairing.verdict"))[-1].data
    assert (heard["code"], heard["number"], heard["stage"]) == ("pair.device_not_found", 1, "pair")
    assert (heard["confidence"], heard["retry"], heard["failed"]) == ("reported_by_app", "now", True)
    assert heard["trace_id"] == told["trace_id"]


async def test_eight_reports_are_taken_and_no_more(house: House, ann: Person) -> None:
    pairing_id = await opened(ann)
    for _ in range(8):
        await tell(ann, pairing_id, app_version="1")
    before = await kept(house, pairing_id)
    answer = await ann.ask("POST", f"/v1/pairings/{pairing_id}/evidence", {"app_version": "1"})
    assert ((await problem(answer))["code"], answer.status) == ("pairing.evidence_limit", 409)
    assert await kept(house, pairing_id) == before


async def test_another_accounts_pairing_is_not_there(ann: Person, bob: Person) -> None:
    pairing_id = await opened(ann)
    answer = await bob.ask("POST", f"/v1/pairings/{pairing_id}/evidence", {"app_version": "1"})
    assert ((await problem(answer))["code"], answer.status) == ("http.not_found", 404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ssid": "canary"},
        {"scan": [{"band": "2.4", "security": "wpa2", "rssi": -50, "ssid": "canary"}]},
        {"scan": [{"band": "2.4", "security": "canary", "rssi": -50}]},
        {"entries": [{"stage": "wifi", "code": "my canary is secret"}]},
        {"entries": [{"stage": "wifi"}] * 33},
        {"scan": [{"band": "5", "security": "open", "rssi": -1}] * 33},
        {"radio": {"rssi": 99}},
        {"app_version": "canary canary"},
    ],
)
async def test_names_of_networks_free_text_and_too_much_are_refused_and_not_repeated(
    house: House, ann: Person, body: dict[str, Any]
) -> None:
    pairing_id = await opened(ann)
    before = await kept(house, pairing_id)
    answer = await ann.ask("POST", f"/v1/pairings/{pairing_id}/evidence", body)
    assert answer.status == 422
    assert "canary" not in await answer.text()
    assert await kept(house, pairing_id) == before


async def test_a_body_over_16_kib_is_refused(ann: Person) -> None:
    pairing_id = await opened(ann)
    answer = await ann.ask("POST", f"/v1/pairings/{pairing_id}/evidence", {"app_version": "1" * 17_000})
    assert answer.status == 413


async def test_the_code_of_a_report_is_one_of_the_catalogue(ann: Person) -> None:
    told = await tell(ann, await opened(ann), entries=[{"stage": "wifi", "code": "no_ap_found"}])
    assert Code(told["code"]) is Code.WIFI_SSID_NOT_FOUND
