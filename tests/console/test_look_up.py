"""The look-up and what it leads to: found exactly, alike when not, within limits, and never as markup."""

import re
import time

import pytest

from gateway.console.dependencies import ConsoleLimits
from gateway.domain.audit import Result
from gateway.domain.staff import Action, StaffRole
from gateway.domain.support_access import LOOKUPS_AN_HOUR
from tests.console.home_of_ann import MAC, MACHINE_CODE, MARKUP, TRACE, Ann, move_in
from tests.console.rig import Console, text_of

NOWHERE = "a4:c1:38:00:4f:2b"


@pytest.fixture
async def ann(console: Console) -> Ann:
    return await move_in(console)


@pytest.mark.parametrize("words", [MAC, MAC.upper().replace(":", "-"), MACHINE_CODE, f"303 {TRACE}", TRACE])
async def test_an_exact_identifier_leads_to_the_verdict(console: Console, ann: Ann, words: str) -> None:
    reader = await console.reader(StaffRole.AGENT)
    text = await text_of(await reader.post("/look-up", words=words))
    assert "tls.client_cert_missing" in text
    assert 'href="/codes/303"' in text
    assert f'href="/attempts/{ann.attempt_id}"' in text


@pytest.mark.parametrize("words", [MAC[:-1], "HX-2026-00012", NOWHERE, "*", "%", "' or 1=1 --", "k7q", "…" * 10])
async def test_what_is_not_exact_finds_nothing_and_looks_like_a_hit(console: Console, ann: Ann, words: str) -> None:
    reader = await console.reader(StaffRole.AGENT)
    hit, miss = await reader.post("/look-up", words=MAC), await reader.post("/look-up", words=words)
    assert "Nothing is known" in await text_of(miss)
    assert hit.status == miss.status
    assert {name for name in hit.headers if name != "Content-Length"} == {
        name for name in miss.headers if name != "Content-Length"
    }


async def test_hit_and_miss_read_and_write_the_same(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.AGENT)
    before = await console.database.read(lambda tx: tx.audit.end())
    await reader.post("/look-up", words=MAC)
    await reader.post("/look-up", words=NOWHERE)
    rows = await console.database.read(lambda tx: tx.audit.after(before, 10))
    assert [row.entry.result for row in rows] == [Result.GRANTED, Result.NOT_FOUND]
    assert all(row.entry.action == Action.VIEW_UNIT and row.entry.target is not None for row in rows)
    assert rows[0].entry.account_id == ann.account_id, "Ann will see that somebody looked"
    assert rows[1].entry.device_id is None


async def test_every_look_up_is_answered_at_the_same_moment(console: Console, ann: Ann) -> None:
    """By the same clock that the page waits on: no answer is there before its time."""
    limits = ConsoleLimits(look_up_seconds=0.3)
    reader = await console.reader(StaffRole.AGENT, monotonic=time.monotonic, limits=limits)
    csrf = await reader.csrf()
    for words in (MAC, NOWHERE):
        began = time.monotonic()
        await reader.client.post("/look-up", data={"csrf": csrf, "words": words})
        assert time.monotonic() - began >= limits.look_up_seconds


async def test_thirty_look_ups_an_hour_and_no_more(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.AGENT)
    csrf = await reader.csrf()
    statuses = []
    for n in range(LOOKUPS_AN_HOUR + 2):
        answer = await reader.client.post("/look-up", data={"csrf": csrf, "words": MAC if n % 2 else NOWHERE})
        statuses.append(answer.status)
    assert statuses == [200] * LOOKUPS_AN_HOUR + [429, 429]
    assert "Retry-After" in answer.headers
    assert (await reader.get(f"/attempts/{ann.attempt_id}")).status == 200, "what was found may still be read"
    other = await console.reader(StaffRole.AGENT)
    assert (await other.post("/look-up", words=MAC)).status == 200


async def test_a_viewer_sees_units_and_no_traces(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.VIEWER)
    text = await text_of(await reader.post("/look-up", words=MAC))
    assert "tls.client_cert_missing" in text
    assert "/attempts/" not in text
    assert "/check" not in text
    for words in (TRACE, "zzz-zzz"):
        assert (await reader.post("/look-up", words=words)).status == 403, "whether there is such a trace or not"


async def test_what_appliances_say_is_text_and_never_markup(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.LEAD)
    console.time.pass_by(seconds=1)  # the funnel's span ends just before now
    pages = [
        await text_of(await reader.post("/look-up", words=MAC)),
        await text_of(await reader.get(f"/attempts/{ann.attempt_id}")),
        await text_of(await reader.post("/check", device=ann.device_id)),
        await text_of(await reader.get("/funnel")),
    ]
    for page in pages:
        assert "&lt;script&gt;alert(1)" in page
        assert MARKUP not in page
        assert re.findall(r"<script[^>]*>", page) == ['<script src="/static/console.js" defer>']


async def test_a_page_has_no_style_or_script_of_its_own(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.LEAD)
    for path in ("/", "/funnel", "/codes", "/codes/303", f"/attempts/{ann.attempt_id}", "/customers", "/account"):
        page = await text_of(await reader.get(path))
        assert re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page) is None, path


async def test_an_attempt_that_is_not_there_says_so(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.ENGINEER)
    assert "no attempt of this id" in await text_of(await reader.get("/attempts/t-" + "0" * 26), 404)


async def test_the_check_shows_what_is_known(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.AGENT)
    text = await text_of(await reader.post("/check", attempt=ann.attempt_id))
    for told in (
        "activated",
        "it is bound to an account",
        "since 2026-03-01 12:00:00 UTC",
        "it has none that is valid",
    ):
        assert told in text
    assert "never activated" in await text_of(await reader.post("/check", device="d-" + "0" * 26), 404)
