"""The officer's requests: the list with its clocks, taking, answering, refusing, handing on, and consents."""

import re
from datetime import timedelta

import pytest

from gateway.domain.audit import Result
from gateway.domain.consent import Purpose
from gateway.domain.requests import RefusalGround, RequestKind, RequestStatus
from gateway.domain.staff import Action
from gateway.usecases import audit, requests
from tests.console.home_of_ann import MARKUP
from tests.console.office import ASKED, HEBREW, asks, newest_rows, officer, people
from tests.console.rig import Console, text_of
from tests.storage.records import account_id

NOBODYS = "q-" + "0" * 26


async def test_the_list_shows_every_clock_the_most_urgent_first(console: Console) -> None:
    ann = await people(console)
    kinds = list(RequestKind)
    for kind, days in zip(kinds, (0, 21, 26, 29, 31, 10), strict=True):
        await asks(console, ann, kind, at=console.time() - timedelta(days=days, hours=1))
    olga = await officer(console)
    page = await text_of(await olga.get("/requests"))
    clocks = re.findall(r"(days left: \d+|late, by days: \d+)(?: <span class=\"tag (\w+)\">([^<]+)<)?", page)
    assert clocks == [
        ("late, by days: 1", "bad", "30 days are over"),
        ("days left: 1", "bad", "day 28 is over"),
        ("days left: 4", "warn", "day 25 is over"),
        ("days left: 9", "warn", "day 20 is over"),
        ("days left: 20", "", ""),
        ("days left: 30", "", ""),
    ]
    assert MARKUP not in page
    assert "Why do you keep this" not in page, "the list has no words"
    assert await newest_rows(console, 1) == [(Action.HANDLE_REQUESTS, Result.GRANTED, "")]


async def test_a_long_list_goes_on(console: Console) -> None:
    await people(console, 7)
    for number in range(60):
        await asks(console, account_id(1 + number // 10), at=console.time() - timedelta(minutes=number))
    olga = await officer(console)
    first = await text_of(await olga.get("/requests"))
    following = re.search(r'href="(/requests\?from=[^"]+)" rel="next"', first)
    assert following is not None
    second = await text_of(await olga.get(following[1]))
    linked = [re.findall(r'href="/requests/(q-[0-9a-z]{26})"', page) for page in (first, second)]
    assert [len(page) for page in linked] == [50, 10]
    assert len({*linked[0], *linked[1]}) == 60
    assert 'rel="next"' not in second
    assert (await olga.get("/requests?from=elsewhere")).status == 404


async def test_a_request_is_taken_and_answered_and_its_person_sees_each_look(console: Console) -> None:
    ann = await people(console)
    request_id = await asks(console, ann)
    olga = await officer(console)
    page = await text_of(await olga.get(f"/requests/{request_id}"))
    assert "&lt;script&gt;" in page
    assert MARKUP not in page
    assert f'class="box written" dir="auto">{ASKED.partition(MARKUP)[0]}' in page, "its own direction"
    assert HEBREW in page
    assert "/answer" not in page, "first it has to be in hand"
    assert (await olga.post(f"/requests/{request_id}/answer", text="no")).status == 409
    taken = await olga.post(f"/requests/{request_id}/take")
    assert (taken.status, taken.headers["Location"]) == (303, f"/requests/{request_id}?done=taken")
    assert "It is in your hands." in await text_of(await olga.get(taken.headers["Location"]))
    said = f"It is kept\r\nfor 30 days. {MARKUP}"
    answered = await olga.post(f"/requests/{request_id}/answer", text=said)
    page = await text_of(await olga.get(answered.headers["Location"]))
    assert "It is kept\nfor 30 days." in page
    assert MARKUP not in page
    stored = await console.database.read(lambda tx: tx.requests.get(request_id))
    assert stored is not None
    assert stored.status is RequestStatus.ANSWERED
    own = requests.readable(stored, console.persons.sealer(ann))
    assert own.answer == said.replace("\r\n", "\n"), "as it was written: what shows it escapes it"
    looks, _ = await console.database.read(lambda tx: audit.activity_of(tx, ann, None, 20))
    assert len(looks) == 7
    assert {(one.role, one.reason) for one in looks} == {("privacy_officer", "request: question")}
    assert "answered" in await text_of(await olga.get("/requests?list=over"))
    assert (await olga.post(f"/requests/{request_id}/take")).status == 409


async def test_a_refusal_names_one_of_six_grounds_and_what_was_typed_is_not_lost(console: Console) -> None:
    ann = await people(console)
    request_id = await asks(console, ann, RequestKind.DELETION)
    olga = await officer(console)
    await olga.post(f"/requests/{request_id}/take")
    page = await text_of(await olga.get(f"/requests/{request_id}"))
    assert re.findall(r'type="radio" name="ground" value="([a-z_]+)"', page) == list(RefusalGround)
    reason = f"The court asks for it. {MARKUP}"
    for ground in ("", "because_we_can"):
        refused = await olga.post(f"/requests/{request_id}/refusal", ground=ground, text=reason)
        again = await text_of(refused, 400)
        assert "Choose one of the six grounds." in again
        assert "The court asks for it." in again
        assert MARKUP not in again
    chosen = RefusalGround.CRIMINAL_PROCEEDINGS
    empty = await text_of(await olga.post(f"/requests/{request_id}/refusal", ground=chosen, text="\a"), 400)
    assert re.search(rf'value="{chosen}" required checked', empty) is not None
    done = await olga.post(f"/requests/{request_id}/refusal", ground=chosen, text=reason)
    page = await text_of(await olga.get(done.headers["Location"]))
    assert "criminal proceedings" in page
    assert "another officer" in page


async def test_a_complaint_about_oneself_is_handed_to_another_officer(console: Console) -> None:
    ann = await people(console)
    olga, otto = await officer(console, "olga"), await officer(console, "otto")
    first = await asks(console, ann)
    await olga.post(f"/requests/{first}/take")
    await olga.post(f"/requests/{first}/answer", text="It is not.")
    complaint = await asks(console, ann, RequestKind.COMPLAINT, about=first)
    page = await text_of(await olga.get(f"/requests/{complaint}"))
    assert "Another officer has to answer" in page
    assert f'href="/requests/{first}"' in page
    assert f"/requests/{complaint}/take" not in page
    assert (await olga.post(f"/requests/{complaint}/take")).status == 409
    named = re.findall(r'<option value="(w-[0-9a-z]{26})">([^<]+)<', page)
    assert named == [(otto.worker.staff_id, "otto")]
    handed = await olga.post(f"/requests/{complaint}/hand-on", colleague=otto.worker.staff_id)
    assert handed.status == 303
    assert (await olga.post(f"/requests/{complaint}/hand-on", colleague=olga.worker.staff_id)).status == 409
    assert (await olga.post(f"/requests/{complaint}/hand-on", colleague="w-nobody")).status == 409
    assert f"/requests/{complaint}/answer" in await text_of(await otto.get(f"/requests/{complaint}"))
    assert (await otto.post(f"/requests/{complaint}/answer", text="She was right.")).status == 303


async def test_without_another_officer_a_complaint_says_what_is_needed(console: Console) -> None:
    ann = await people(console)
    olga = await officer(console)
    first = await asks(console, ann)
    await olga.post(f"/requests/{first}/take")
    await olga.post(f"/requests/{first}/answer", text="No.")
    complaint = await asks(console, ann, RequestKind.COMPLAINT)
    assert "An admin has to make an account" in await text_of(await olga.get(f"/requests/{complaint}"))


async def test_consents_are_seen_while_a_request_is_in_hand_and_each_look_is_a_row(console: Console) -> None:
    ann = await people(console)
    request_id = await asks(console, ann)
    olga, otto = await officer(console), await officer(console)
    path = f"/requests/{request_id}/consents"
    assert "take it first" in await text_of(await olga.get(path), 409)
    await olga.post(f"/requests/{request_id}/take")
    assert (await otto.get(path)).status == 409
    page = await text_of(await olga.get(path))
    assert [one for one in Purpose if f">{one.value}</code>" in page] == list(Purpose)
    assert ann not in page, "whose they are is not said"
    assert (await newest_rows(console, 3))[0] == (Action.SEE_CONSENTS, Result.GRANTED, "request: question")
    looks, _ = await console.database.read(lambda tx: audit.activity_of(tx, ann, None, 20))
    assert [one.result for one in looks if one.action == Action.SEE_CONSENTS] == ["granted", "refused", "refused"]


@pytest.mark.parametrize("path", [f"/requests/{NOBODYS}", f"/requests/{NOBODYS}/consents"])
async def test_what_is_not_there_is_told_and_written_down(console: Console, path: str) -> None:
    olga = await officer(console)
    assert "no such request" in await text_of(await olga.get(path), 404)
    assert (await newest_rows(console, 1))[0][1] == Result.NOT_FOUND


async def test_words_whose_key_is_gone_are_not_shown_and_nothing_fails(console: Console) -> None:
    ann = await people(console)
    request_id = await asks(console, ann)
    console.persons.destroy(ann)
    olga = await officer(console)
    assert "key is gone" in await text_of(await olga.get(f"/requests/{request_id}"), 410)


async def test_without_the_audit_no_words_are_shown(console: Console) -> None:
    ann = await people(console)
    request_id = await asks(console, ann)
    olga = await officer(console)
    with console.engine.begin() as connection:  # its end is gone: no row can follow
        connection.exec_driver_sql("DELETE FROM audit_rows WHERE number = (SELECT max(number) FROM audit_rows)")
    for path in ("/requests", f"/requests/{request_id}", "/incidents", "/policies", "/retention", "/erasures"):
        page = await text_of(await olga.get(path), 503)
        assert "audit cannot be written" in page
        assert "Why do you keep" not in page
    assert (await olga.get("/processing-record")).status == 503
