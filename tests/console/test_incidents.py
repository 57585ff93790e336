"""The officer's incidents: four parts in two languages, whom it concerns, how many that are, and telling them."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from gateway.console.forms import FORM_AT_MOST
from gateway.domain.audit import Result
from gateway.domain.binding import Binding, Role
from gateway.domain.devices import Device
from gateway.domain.identity import DeviceId, UnitId
from gateway.domain.incidents import IncidentStatus
from gateway.domain.staff import Action, StaffRole
from gateway.domain.units import KeyCredential, Unit
from gateway.usecases import incidents
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.transaction import Transaction
from tests.console.home_of_ann import HEATER, MARKUP, move_in
from tests.console.office import HEBREW, TURNED, filled, newest_rows, officer
from tests.console.rig import Console, Reader, text_of
from tests.storage.records import account_id, with_accounts

NOBODYS = "i-" + "0" * 26


async def recorded(console: Console, olga: Reader, **other: str) -> str:
    """An incident that was written down: the path of its page."""
    answer = await olga.post("/incidents", **filled(console, **other))
    assert answer.status == 303, await answer.text()
    return answer.headers["Location"].partition("?")[0]


async def another_heater(console: Console, number: int) -> DeviceId:
    """Somebody else's, of the same type."""
    unit_id, device_id = UnitId(console.identifiers.new("u")), DeviceId(console.identifiers.new("d"))
    mark = f"{number:032}".encode()
    unit = Unit(unit_id, HEATER, mark, "00", mark, "00", KeyCredential(b"sealed key"), None, None, console.time())

    def work(tx: Transaction) -> None:
        with_accounts(tx, number)
        tx.units.add([ListedUnit(unit)])
        tx.devices.add(Device(device_id, unit_id, firmware="2.0"), console.time())
        tx.bindings.put(Binding(device_id, 0, account_id(number), Role.OWNER, console.time()))

    await console.database.run(work)
    return device_id


async def told(console: Console) -> None:
    while await console.database.run(lambda tx: incidents.tell_some(tx, console.time())):
        pass


async def test_it_is_written_down_previewed_and_told_to_those_whom_it_concerns(console: Console) -> None:
    ann = await move_in(console)
    await another_heater(console, 2)
    olga = await officer(console)
    path = await recorded(console, olga)
    page = await text_of(await olga.get(path))
    assert "Accounts that it concerns at this moment: 2" in page
    assert "Tell them now (2)" in page
    assert "&lt;script&gt;" in page
    assert MARKUP not in page
    assert ann.account_id not in page, "a number, and nobody's name"
    form = await text_of(await olga.get(f"{path}/form"))
    assert f'value="{HEATER}"' in form
    assert "报告可被读取。" in form
    narrower = filled(console, seen="0", device_ids=ann.device_id, type_id="")
    rewritten = await olga.post(path, **narrower)
    assert rewritten.headers["Location"] == f"{path}?done=rewritten"
    page = await text_of(await olga.get(path))
    assert "Tell them now (1)" in page
    stale = await text_of(await olga.post(f"{path}/tell", seen="0"), 409)
    assert "changed it meanwhile" in stale, "two were shown, one would be told"
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen is not None
    assert (await olga.post(f"{path}/tell", seen=seen[1])).status == 303
    assert "telling" in await text_of(await olga.get(path))
    await told(console)
    page = await text_of(await olga.get(path))
    assert re.search(r"<dt>People told</dt><dd>1</dd>", page) is not None
    assert f"{path}/tell" not in page
    own = await console.database.read(lambda tx: incidents.of_account(tx, ann.account_id))
    assert [one.texts["en"].what for one in own] == [f"Reports could be read. {MARKUP}"]
    others = await console.database.read(lambda tx: incidents.of_account(tx, account_id(2)))
    assert others == []
    reasons = [reason for action, _, reason in await newest_rows(console, 20) if action == Action.HANDLE_INCIDENTS]
    assert [one for one in reversed(reasons) if one] == [
        "incident recorded",
        "incident rewritten",
        "incident told",
        "incident told",
    ]


@pytest.mark.parametrize(
    ("other", "field", "fault"),
    [
        ({"zh.advice": ""}, "中文: Advice and remedy", "is missing"),
        ({"en.what": "x" * 2001}, "English: What happened", "has more than 2,000 characters"),
        ({"en.what": "bell \a"}, "English: What happened", "cannot be read"),
        ({"type_id": ""}, "Whom it concerns", "must name a type, a firmware or appliances"),
        ({"began_at": ""}, "Began", "is missing"),
        ({"began_at": "yesterday"}, "Began", "cannot be read"),
        ({"began_at": "2026-03-01T12:00+08:00"}, "Began", "cannot be read"),
        ({"began_at": "2200-01-01T00:00"}, "Began", "is in the future"),
        ({"ended_at": "2000-01-01T00:00"}, "Ended", "must lie between the beginning and now"),
        ({"device_ids": f"d-{'0' * 26} {MARKUP}"}, "Single appliances", "cannot be read"),
        ({"device_ids": "\n".join(f"d-{n:026}" for n in range(1001))}, "Single appliances", "are more than 1,000"),
    ],
)
async def test_what_does_not_fit_is_named_and_nothing_of_the_rest_is_lost(
    console: Console, other: Mapping[str, str], field: str, fault: str
) -> None:
    olga = await officer(console)
    form = filled(console, **other)
    page = await text_of(await olga.post("/incidents", **form), 400)
    assert re.findall(r'<li><a href="#([^"]+)">([^<]+)</a>: ([^<]+)</li>', page) == [
        (*re.findall(rf'<a href="#([^"]+)">{re.escape(field)}</a>', page), field, fault)
    ]
    place = re.findall(r'<li><a href="#([^"]+)"', page)[0]
    assert f'id="{place}"' in page, "the link leads to the field"
    assert form["en.measures"] in page
    assert form["zh.effects"] in page
    assert MARKUP not in page
    assert "None was recorded" in await text_of(await olga.get("/incidents"))


async def test_the_longest_that_may_be_written_fits(console: Console) -> None:
    olga = await officer(console)
    long = {name: "报" * 2000 for name in filled(console) if "." in name}
    devices = "\r\n".join(f"d-{number:026}" for number in range(1000))
    path = await recorded(console, olga, **long, device_ids=devices)
    stored = await console.database.read(lambda tx: tx.incidents.page(None, 1))
    assert [len(parts.what) for parts in stored[0].texts.values()] == [2000, 2000]
    assert stored[0].affected is not None
    assert len(stored[0].affected.device_ids) == 1000
    assert "It concerns nobody at this moment" in await text_of(await olga.get(path))


async def test_nobody_else_may_send_a_form_so_long(console: Console) -> None:
    agent = await console.reader(StaffRole.AGENT)
    long = filled(console, device_ids="x" * FORM_AT_MOST)
    assert (await agent.post("/incidents", **long)).status == 413
    assert (await agent.post("/incidents", **filled(console))).status == 403


async def test_what_officers_wrote_cannot_turn_the_page_round(console: Console) -> None:
    olga = await officer(console)
    path = await recorded(console, olga, **{"en.what": f"{HEBREW} {TURNED}", "firmware": TURNED})
    for page in (await text_of(await olga.get(path)), await text_of(await olga.get("/incidents"))):
        assert f"{HEBREW} [U+202E]evil[U+202C]" in page
        assert TURNED not in page
        assert 'dir="auto"' in page


async def test_a_draft_can_be_taken_away_and_what_was_told_cannot(console: Console) -> None:
    await move_in(console)
    olga = await officer(console)
    draft, kept = await recorded(console, olga), await recorded(console, olga)
    away = await olga.post(f"{draft}/discard")
    assert "Taken away." in await text_of(await olga.get(away.headers["Location"]))
    assert (await olga.get(draft)).status == 404
    await olga.post(f"{kept}/tell", seen="0")
    for answer in (
        await olga.post(f"{kept}/discard"),
        await olga.post(kept, **filled(console)),
        await olga.get(f"{kept}/form"),
        await olga.post(f"{kept}/tell", seen="1"),
    ):
        assert answer.status == 409
    stored: Any = await console.database.read(lambda tx: tx.incidents.page(None, 10))
    assert [one.status for one in stored] == [IncidentStatus.TELLING]


async def test_what_is_not_there_is_told_and_written_down(console: Console) -> None:
    olga = await officer(console)
    for answer in (
        await olga.get(f"/incidents/{NOBODYS}"),
        await olga.get(f"/incidents/{NOBODYS}/form"),
        await olga.post(f"/incidents/{NOBODYS}", **filled(console)),
        await olga.post(f"/incidents/{NOBODYS}/tell", seen="0"),
    ):
        assert answer.status == 404
        assert (await newest_rows(console, 1))[0][:2] == (Action.HANDLE_INCIDENTS, Result.NOT_FOUND)
    assert (await olga.post(f"/incidents/{NOBODYS}/tell", seen="now")).status == 400


async def test_a_long_list_goes_on(console: Console) -> None:
    olga = await officer(console)
    for number in range(51):
        console.time.pass_by(seconds=1)
        await recorded(console, olga, **{"en.what": f"number {number}: {'x' * 200}"})
    first = await text_of(await olga.get("/incidents"))
    assert "number 50:" in first
    assert "number 0:" not in first
    assert "x" * 90 not in first, "the list shortens"
    following = re.search(r'href="(/incidents\?from=[^"]+)" rel="next"', first)
    assert following is not None
    assert "number 0:" in await text_of(await olga.get(following[1]))


async def test_the_form_of_who_was_idle_for_a_while_is_refused_and_nothing_recorded(console: Console) -> None:
    olga = await officer(console)
    form = {"csrf": await olga.csrf(), **filled(console)}
    console.time.now += timedelta(minutes=31)
    answer = await olga.client.post("/incidents", data=form, allow_redirects=False)
    assert answer.status in {303, 403}
    assert await console.database.read(lambda tx: tx.incidents.page(None, 10)) == []
