"""Incidents: four parts in both languages, told to those whom they concern and to nobody else, once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.binding import Role
from gateway.domain.identity import AccountId
from gateway.domain.incidents import (
    Affected,
    AlreadyTold,
    Incident,
    IncidentFault,
    IncidentId,
    IncidentStatus,
    Parts,
    Rewritten,
)
from gateway.domain.staff import StaffRole
from gateway.usecases import incidents, notices
from gateway.usecases.incidents import NoSuchIncident
from gateway.usecases.staff_sessions import MayNotError, SignedIn
from tests.staff_desk import Desk
from tests.usecases.household import HEATER, Household

KETTLE = "purifier.water.p1"
TEXTS = {
    "en": Parts("Reports were readable.", "Somebody may know when you heat.", "It is closed.", "Nothing to do. Sorry."),
    "zh": Parts("报告可被读取。", "他人可能得知您何时取暖。", "已修复。", "无需操作。抱歉。"),
}


@pytest.fixture
async def desk(household: Household) -> AsyncIterator[Desk]:
    one = Desk(household.database, now=household.now)
    yield one
    one.close()


async def recorded(desk: Desk, who: SignedIn, affected: Affected, **other: Any) -> Any:
    options: dict[str, Any] = {"began_at": desk.now - timedelta(days=1), "ended_at": desk.now, **other}
    texts = options.pop("texts", TEXTS)
    return await desk.run(
        lambda tx: incidents.record(tx, who, texts, affected, identifiers=desk.identifiers, now=desk.now, **options)
    )


async def told(desk: Desk, who: SignedIn, incident: Incident) -> int:
    outcome = await desk.run(lambda tx: incidents.tell(tx, who, incident.incident_id, desk.now))
    assert isinstance(outcome, Incident)
    pieces = 0
    while await desk.database.run(lambda tx: incidents.tell_some(tx, desk.now)):
        pieces += 1
    return pieces


async def seen(household: Household, account_id: AccountId) -> list[str]:
    found = await household.read(lambda tx: incidents.of_account(tx, account_id))
    listed, _ = await household.read(lambda tx: notices.page(tx, account_id, None, 50))
    told_of = {str(one.data["incident_id"]) for one in listed if one.kind == "incident"}
    assert told_of == {one.incident_id for one in found}
    return [one.incident_id for one in found]


async def test_only_those_whom_it_concerns_are_told(household: Household, desk: Desk) -> None:
    ann, bob, cleo, dan = [await household.account() for _ in range(4)]
    heater = await household.bound(ann, HEATER, firmware="1.0")
    await household.let_in(heater, bob, Role.ADULT)
    await household.bound(cleo, HEATER, firmware="2.0")
    await household.bound(dan, KETTLE, firmware="1.0")
    olga = await desk.at_work("olga", StaffRole.PRIVACY_OFFICER)
    incident = await recorded(desk, olga, Affected(type_id=HEATER, firmware="1.0"))
    assert isinstance(incident, Incident)
    assert await seen(household, ann) == []  # written down, not told
    await told(desk, olga, incident)
    assert await seen(household, ann) == await seen(household, bob) == [incident.incident_id]
    assert await seen(household, cleo) == await seen(household, dan) == []
    stored = await household.read(lambda tx: tx.incidents.get(incident.incident_id))
    assert stored is not None
    assert (stored.status, stored.told, stored.affected) == (IncidentStatus.TOLD, 2, None)
    [own] = await household.read(lambda tx: incidents.of_account(tx, ann))
    assert own.texts == TEXTS


async def test_whose_appliance_it_was_before_or_by_name(household: Household, desk: Desk) -> None:
    ann, bob = await household.account(), await household.account()
    first = await household.bound(ann)
    household.pass_by(days=2)
    await household.bound(bob)
    desk.now = household.now
    olga = await desk.at_work("olga", StaffRole.PRIVACY_OFFICER)
    early = await recorded(desk, olga, Affected(type_id=HEATER, bound_before=household.now - timedelta(days=1)))
    named = await recorded(desk, olga, Affected(device_ids=(first,)))
    for incident in (early, named):
        await told(desk, olga, incident)
    assert set(await seen(household, ann)) == {early.incident_id, named.incident_id}
    assert await seen(household, bob) == []


async def test_a_guest_whose_stay_is_over_is_not_told(household: Household, desk: Desk) -> None:
    ann, bob = await household.account(), await household.account()
    heater = await household.bound(ann)
    await household.let_in(heater, bob, Role.GUEST, until=household.now - timedelta(seconds=1))
    olga = await desk.at_work("olga", StaffRole.PRIVACY_OFFICER)
    await told(desk, olga, await recorded(desk, olga, Affected(device_ids=(heater,))))
    assert len(await seen(household, ann)) == 1
    assert await seen(household, bob) == []


async def test_telling_many_goes_in_pieces_and_tells_nobody_twice(
    household: Household, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "TOLD_AT_ONCE", 2)
    people = [await household.account() for _ in range(5)]
    for account_id in people:
        await household.bound(account_id)
        await household.bound(account_id)  # two appliances, one telling
    olga = await desk.at_work("olga", StaffRole.PRIVACY_OFFICER)
    incident = await recorded(desk, olga, Affected(type_id=HEATER))
    assert await told(desk, olga, incident) == 3
    for account_id in people:
        assert await seen(household, account_id) == [incident.incident_id]
    stored = await household.read(lambda tx: tx.incidents.get(incident.incident_id))
    assert stored is not None
    assert stored.told == 5
    # A crash after the last piece and before its end was noted would tell them once more: it does not.
    again = replace(stored, status=IncidentStatus.TELLING, affected=Affected(type_id=HEATER))
    await household.run(lambda tx: tx.incidents.put(again))
    while await household.run(lambda tx: incidents.tell_some(tx, desk.now)):
        pass
    assert await seen(household, people[0]) == [incident.incident_id]


async def test_what_was_told_does_not_change_and_is_told_once(household: Household, desk: Desk) -> None:
    olga = await desk.at_work("olga", StaffRole.PRIVACY_OFFICER)
    incident = await recorded(desk, olga, Affected(type_id=HEATER))
    draft = await recorded(desk, olga, Affected(type_id=HEATER))
    await told(desk, olga, incident)
    again = await desk.run(lambda tx: incidents.tell(tx, olga, incident.incident_id, desk.now))
    assert isinstance(again, AlreadyTold)
    assert not await desk.run(lambda tx: incidents.discard(tx, olga, incident.incident_id, desk.now))
    assert await desk.run(lambda tx: incidents.discard(tx, olga, draft.incident_id, desk.now))
    gone = await desk.run(lambda tx: incidents.read(tx, olga, draft.incident_id, desk.now))
    assert isinstance(gone, NoSuchIncident)
    listed, following = await desk.run(lambda tx: incidents.page(tx, olga, None, 10, desk.now))
    assert [one.incident_id for one in listed] == [incident.incident_id]
    assert following is None


async def test_a_draft_is_written_anew_until_it_is_told(household: Household, desk: Desk) -> None:
    ann, bob, cleo = [await household.account() for _ in range(3)]
    heater = await household.bound(ann, HEATER, firmware="1.0")
    await household.let_in(heater, bob, Role.ADULT)
    await household.bound(ann, HEATER, firmware="1.0")
    await household.bound(cleo, HEATER, firmware="2.0")
    olga, otto = [await desk.at_work(name, StaffRole.PRIVACY_OFFICER) for name in ("olga", "otto")]
    incident = await recorded(desk, olga, Affected(type_id=HEATER))
    texts = {language: replace(parts, advice="Call us. 请致电。") for language, parts in TEXTS.items()}

    async def revise(who: SignedIn, seen: int, affected: Affected, **other: Any) -> Any:
        options: dict[str, Any] = {"texts": texts, "began_at": desk.now - timedelta(days=2), "ended_at": None, **other}
        return await desk.run(
            lambda tx: incidents.revise(
                tx, who, incident.incident_id, affected=affected, seen=seen, now=desk.now, **options
            )
        )

    async def reach() -> tuple[Incident, int | None]:
        found = await household.read(lambda tx: tx.incidents.get(incident.incident_id))
        assert found is not None
        return found, await household.read(lambda tx: incidents.reach(tx, found, desk.now))

    before, many = await reach()
    assert many == 3
    assert isinstance(await revise(otto, before.version, Affected(type_id=HEATER, firmware="1.0")), Incident)
    after, many = await reach()
    assert (many, after.texts, after.began_at) == (2, texts, desk.now - timedelta(days=2))
    assert isinstance(await revise(olga, before.version, Affected(type_id=KETTLE)), Rewritten)
    assert [one.fault for one in await revise(olga, after.version, Affected())] == [IncidentFault.NAMES_NOBODY]
    stale = await desk.run(lambda tx: incidents.tell(tx, olga, incident.incident_id, desk.now, seen=before.version))
    assert isinstance(stale, Rewritten), "another reach was shown than would be told now"
    assert (await reach())[0] == after
    fresh = await desk.run(lambda tx: incidents.tell(tx, olga, incident.incident_id, desk.now, seen=after.version))
    assert isinstance(fresh, Incident)
    while await desk.database.run(lambda tx: incidents.tell_some(tx, desk.now)):
        pass
    told_now, many = await reach()
    assert (told_now.told, many) == (2, None), "as many as were foreseen"
    assert isinstance(await revise(olga, told_now.version, Affected(type_id=HEATER)), AlreadyTold)
    reasons = [row.entry.reason for row in await desk.rows() if row.entry.reason.startswith("incident")]
    assert reasons == [
        "incident recorded",
        *["incident rewritten"] * 2,
        *["incident told"] * 2,
        "incident rewritten",
    ]
    gone = IncidentId("i-" + "0" * 26)
    none = await desk.run(
        lambda tx: incidents.revise(
            tx, olga, gone, texts, Affected(type_id=HEATER), began_at=desk.now, ended_at=None, seen=0, now=desk.now
        )
    )
    assert isinstance(none, NoSuchIncident)


@pytest.mark.parametrize("part", ["what", "effects", "measures", "advice"])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_all_four_parts_are_owed_in_both_languages(desk: Desk, part: str, language: str) -> None:
    olga = await desk.at_work("olga", StaffRole.PRIVACY_OFFICER)
    texts = {**TEXTS, language: replace(TEXTS[language], **{part: " "})}
    refused = await recorded(desk, olga, Affected(type_id=HEATER), texts=texts)
    assert [one.field for one in refused] == [f"{language}.{part}"]


async def test_everybody_is_nobody_and_the_future_has_not_happened(desk: Desk) -> None:
    olga = await desk.at_work("olga", StaffRole.PRIVACY_OFFICER)
    soon = desk.now + timedelta(hours=1)
    refused = await recorded(desk, olga, Affected(), began_at=soon, ended_at=soon)
    assert [one.field for one in refused] == ["affected", "began_at", "ended_at"]


@pytest.mark.parametrize("role", [StaffRole.AGENT, StaffRole.LEAD, StaffRole.ADMIN, StaffRole.AUDITOR])
async def test_whoever_is_no_officer_records_and_tells_nothing(desk: Desk, role: StaffRole) -> None:
    who = await desk.at_work("ada", role)
    with pytest.raises(MayNotError):
        await recorded(desk, who, Affected(type_id=HEATER))
    with pytest.raises(MayNotError):
        await desk.run(lambda tx: incidents.page(tx, who, None, 10, desk.now))
