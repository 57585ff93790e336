"""The privacy officer's day in a real Chromium: a request, an incident, a policy, what is kept. Narrow: no scripts."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from gateway.domain.policies import ChangeReason, Language, Policy, PolicyKind
from gateway.domain.staff import StaffRole
from gateway.runtime.clock import utc_now
from gateway.usecases import policies
from tests.browser.test_support_story import Reader, reading, services_of
from tests.console.home_of_ann import MARKUP
from tests.console.people import hire
from tests.home import Home, eventually, home

pytestmark = pytest.mark.needs_chromium

ASKED = f"Why is my name kept? {MARKUP} \u05e9\u05dc\u05d5\u05dd\nSecond line."
PARTS = {
    "what": "Reports of heaters could be read by others for an hour.",
    "effects": "Somebody may know when you heat.",
    "measures": "The fault is mended.",
    "advice": "You need not do anything. We are sorry.",
}


async def ask(at: Home) -> Any:
    """Somebody with an appliance asks something, and then complains; returns their phone."""
    made = (await at.make(1))[0]
    phone = at.phone()
    await phone.sign_up()
    appliance = at.appliance(made)
    await phone.pair(appliance)
    at.start(appliance)
    await eventually(lambda: appliance.is_paired and appliance.is_online)
    answer = await phone.ask("POST", "/v1/me/requests", {"kind": "question", "text": ASKED})
    assert answer.status == 201, answer.body
    return phone


async def publish_second(at: Home) -> None:
    """A version that changes a little of the first."""
    database = at.application.parts.database

    def work(tx: Any) -> None:
        before = {one: tx.policies.text(1, one) for one in Language}
        texts = [
            policies.text_in(one, text.text.replace("30", "29") + f"\n{MARKUP}\n")
            for one, text in before.items()
            if text is not None
        ]
        policy = Policy(
            version=2,
            kind=PolicyKind.SIGNIFICANT,
            reasons=frozenset({ChangeReason.USE}),
            affects=frozenset(),
            reduces_rights=False,
            published_at=utc_now(),
            effective_at=utc_now() + timedelta(days=30),
        )
        assert isinstance(policies.publish(tx, policy, texts), policies.Published)

    await database.run(work)


async def answer_a_request(reader: Reader) -> None:
    """With the keyboard alone, once the request is open."""
    page = reader.page
    await page.goto(f"{reader.url}/requests")
    assert "days left: 30" in await reader.seen("01-requests")
    await page.click("th a")
    words = await reader.seen("02-request")
    assert MARKUP in words, "as text"
    assert "Second line." in words
    await page.focus("form[action$='/take'] button")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**?done=taken")
    await reader.seen("03-in-hand")
    await page.click("text=Consents of this person")
    assert "granted" in await reader.seen("04-consents")
    await page.go_back()
    await page.focus("#answer-text")
    await page.keyboard.type("Your name is kept as a digest.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**?done=answered")
    assert "Answered. The person is told." in await reader.seen("05-answered")


async def tell_an_incident(reader: Reader, type_id: str) -> None:
    page = reader.page
    await page.goto(f"{reader.url}/incidents")
    await page.click("text=Record an incident")
    for language in ("en", "zh"):
        for part, text in PARTS.items():
            await page.fill(f"#{language}-{part}", text if language == "en" else f"{text} 事件说明。")
    await page.fill("#began_at", f"{utc_now() - timedelta(hours=2):%Y-%m-%dT%H:%M:%S}")
    await reader.seen("06-incident-form")
    await page.fill("#type_id", "no.such.type")
    await page.click("text=Save; nobody is told yet")
    assert "It concerns nobody at this moment" in await reader.seen("07-reach-none")
    await page.click("main a >> text=Change it")
    assert await page.input_value("#en-what") == PARTS["what"]
    await page.fill("#type_id", "")
    await page.click("text=Save; nobody is told yet")
    assert "must name a type" in await reader.seen("08-incident-wrong")
    assert await page.input_value("#zh-advice") == f"{PARTS['advice']} 事件说明。", "nothing typed is lost"
    await page.fill("#type_id", type_id)
    await page.click("text=Save; nobody is told yet")
    assert "Accounts that it concerns at this moment: 1" in await reader.seen("09-incident")
    await page.click("text=Tell them now (1)")
    await page.wait_for_url("**?done=telling")
    for _ in range(100):
        if await page.locator("h1 .tag.good").count():
            break
        await page.wait_for_timeout(100)
        await page.reload()
    await reader.seen("10-incident-told")
    assert await page.locator("h1 .tag").inner_text() == "told"


async def look_at_the_rest(reader: Reader) -> None:
    page = reader.page
    await page.click("nav >> text=Policy")
    assert "significant" in await reader.seen("11-policies")
    await page.click("th a >> text=2")
    compared = await reader.seen("12-policy")
    assert "What it changed of version 1" in compared
    assert MARKUP in compared
    assert await page.locator("ins").count() > 2
    await page.click("nav >> text=Retention")
    assert "Nothing is kept longer than promised." in await reader.seen("13-retention")
    await page.click("nav >> text=Erasures")
    assert "None is under way." in await reader.seen("14-erasures")
    await page.click("nav >> text=Record")
    assert "Purpose" in await reader.seen("15-record")
    await page.click("text=中文")
    assert "处理活动记录" in await reader.seen("16-record-zh")
    for path, told in (("/requests?list=over", "已答复"), ("/incidents", "已告知"), ("/incidents/new", "四部分内容")):
        await page.goto(f"{reader.url}{path}")
        assert told in await reader.seen(f"17-zh-{path.strip('/').replace('/', '-').partition('?')[0]}")


@pytest.mark.parametrize("width", [1280, 360])
async def test_an_officer_answers_tells_and_looks(browser: Browser, tmp_path: Path, width: int) -> None:
    async with home(tmp_path) as at:
        phone = await ask(at)
        await publish_second(at)
        services, passwords = services_of(at)
        olga = await hire(services, "olga", StaffRole.PRIVACY_OFFICER, now=utc_now())
        type_id = (await phone.devices())[0]["type_id"]
        async with reading(browser, at, tmp_path, width, java_script_enabled=width > 360) as reader:
            await reader.log_in(olga)
            await answer_a_request(reader)
            await tell_an_incident(reader, type_id)
            await look_at_the_rest(reader)
            [refused] = reader.complaints
            assert "400 (Bad Request)" in refused, "the form that was not filled in rightly; the policy refused nothing"
        own = await phone.ask("GET", "/v1/me/incidents")
        assert [one["texts"]["en"]["what"] for one in own.body["items"]] == [PARTS["what"]]
        notices = await phone.ask("GET", "/v1/notices")
        assert {"incident", "request.decided"} <= {one["kind"] for one in notices.body["items"]}
        activity = await phone.ask("GET", "/v1/me/activity")
        assert {"handle_requests", "see_consents"} <= {one["action"] for one in activity.body["items"]}
        passwords.close()
