"""The whole support story in a real Chromium: from a failed activation to the row in the audit, on two widths."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Request

from device_sim.appliance import Appliance
from device_sim.descriptor import Descriptor
from device_sim.factory import flash_of, make_units
from device_sim.happenings import Happening, What
from device_sim.models import Model
from gateway.domain.staff import StaffRole
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName
from gateway.security.certificates import issue_claim_certificate
from gateway.security.passwords import BcryptPasswords
from tests.console.people import PASSWORD, Worker, hire
from tests.home import Home, eventually, home

pytestmark = pytest.mark.needs_chromium


BETWEEN = (720, 721, 1023, 1024)
"""Right before and after the widths at which the style sheet changes something."""


class Reader:
    """Somebody of the staff at a browser; every page they see is photographed and must fit."""

    def __init__(self, page: Page, url: str, folder: Path, width: int) -> None:
        self.page, self.url, self.folder, self.width = page, url, folder, width
        self.complaints: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))

    async def seen(self, name: str) -> str:
        """Photograph the page; nothing may lie outside of it, and nothing may be refused by the policy."""
        for width in (*BETWEEN, self.width):
            await self.page.set_viewport_size({"width": width, "height": 900})
            assert await self.page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        await self.page.screenshot(path=self.folder / f"{name}-{self.width}.png", full_page=True)
        return await self.page.inner_text("main")

    async def log_in(self, worker: Worker) -> None:
        await self.page.goto(self.url)
        await self.page.fill("#name", worker.name)
        await self.page.fill("#password", PASSWORD)
        await self.page.fill("#code", worker.code(utc_now()))
        await self.page.press("#code", "Enter")
        await self.page.wait_for_url(f"{self.url}/")

    async def look_up_again(self, words: str) -> str:
        """From wherever they are."""
        await self.page.goto(self.url)
        return await self.look_up(words)

    async def look_up(self, words: str) -> str:
        """With the keyboard alone, from the first page, which puts the cursor into the field soon after it loads."""
        await self.page.wait_for_selector("[data-look-up]:focus")
        await self.page.keyboard.press("Escape")  # leaves the field, where "/" would be a letter
        await self.page.keyboard.press("/")
        await self.page.keyboard.type(words)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(f"{self.url}/look-up")
        return await self.page.inner_text("main")


@asynccontextmanager
async def reading(browser: Browser, at: Home, folder: Path, width: int, **more: Any) -> AsyncIterator[Reader]:
    context = await browser.new_context(viewport={"width": width, "height": 900}, **more)
    reader = Reader(await context.new_page(), at.application.parts.console.url, folder, width)
    try:
        yield reader
    finally:
        await context.close()


def services_of(at: Home) -> tuple[Any, BcryptPasswords]:
    passwords = BcryptPasswords(at.secrets.keys, cost=10, workers=1)
    secrets = at.secrets
    found = SimpleNamespace(
        database=at.application.parts.database,
        passwords=passwords,
        indexes=secrets.indexes,
        identifiers=secrets.identifiers,
        sealer=secrets.sealer,
        tokens=secrets.tokens,
    )
    return found, passwords


async def fail_one(at: Home) -> str:
    """An appliance that the factory forgot to list is refused; returns the trace id that it shows."""
    factory = at.secrets.authorities.signing(AuthorityName.FACTORY)

    def issue(claim_id: str) -> tuple[str, str]:
        identity = issue_claim_certificate(factory, claim_id, utc_now())
        return identity.certificate_pem + identity.chain_pem, identity.key_pem

    made = make_units(("heater.panel.s2",), 1, 77, issue)[0]
    known = at.types.get(made.type_id)
    assert known is not None
    happened: list[Happening] = []
    stranger = Appliance(
        flash_of(made, at.folder / "flash", at.trust_pem, at.claim_address, durable=False),
        made.unit,
        lambda rng, kept: Model(Descriptor.of(known.document), rng, kept),
        clock=utc_now,
        seed=7,
        watch=happened.append,
    )
    at.start(stranger)
    await eventually(lambda: any(one.what is What.ACTIVATION_REFUSED for one in happened))
    refused = next(one for one in happened if one.what is What.ACTIVATION_REFUSED)
    assert refused.code == "act.unknown_machine_code"
    return str(refused.trace_id)


async def make_home(at: Home) -> tuple[str, str, str]:
    """One appliance that fails, one that works: the failed one's trace id, the other's MAC, and a customer's code."""
    trace_id = await fail_one(at)
    made = (await at.make(1))[0]
    phone = at.phone()
    await phone.sign_up()
    appliance = at.appliance(made)
    await phone.pair(appliance)
    at.start(appliance)
    await eventually(lambda: appliance.is_paired and appliance.is_online)
    await eventually(lambda: appliance.last_reported is not None)
    device_id = (await phone.devices())[0]["device_id"]
    answer = await phone._api.request("POST", "/v1/support-codes", {"device_id": device_id})
    return trace_id, made.unit.mac, str(answer.body["code"])


@pytest.mark.parametrize("width", [1280, 360])
async def test_support_finds_out_why_and_the_audit_shows_it(browser: Browser, tmp_path: Path, width: int) -> None:
    async with home(tmp_path) as at:
        trace_id, mac, code = await make_home(at)
        services, passwords = services_of(at)
        agent = await hire(services, "ava", StaffRole.AGENT, now=utc_now())
        auditor = await hire(services, "otto", StaffRole.AUDITOR, now=utc_now())
        admin = await hire(services, "root", StaffRole.ADMIN, now=utc_now())
        async with reading(browser, at, tmp_path, width) as reader:
            await reader.page.goto(reader.url)
            await reader.seen("01-log-in")
            await reader.log_in(agent)
            await reader.seen("02-home")
            found = await reader.look_up(f"502 {trace_id}")
            assert "502" in found
            await reader.seen("03-found")
            await reader.page.click("text=This attempt on a page of its own")
            card = await reader.seen("04-card")
            assert "act.unknown_machine_code" in card
            assert trace_id in card
            await reader.page.click("a.digits")
            assert "502" in await reader.seen("05-code")
            assert "Nothing is known" in await reader.look_up_again("0000-NOT-THERE")
            await reader.seen("06-miss")
            assert "succeeded" in await reader.look_up_again(mac)
            await reader.seen("07-unit")
            await reader.page.fill("#case", "C-1001")
            await reader.page.fill("#reason", "does not heat since yesterday")
            await reader.page.fill("#code", code)
            await reader.page.press("#code", "Enter")
            await reader.page.wait_for_url("**/customers/x-*")
            assert "target_c" in await reader.seen("08-customer")
            await reader.page.goto(f"{reader.url}/customers")
            assert "C-1001" in await reader.seen("09-customers")
            await reader.page.goto(f"{reader.url}/funnel")
            assert "502" in await reader.seen("10-funnel")
            await reader.page.click("text=中文")
            assert "漏斗" in await reader.seen("11-funnel-zh")
            assert mac not in reader.page.url
            assert not reader.complaints
        async with reading(browser, at, tmp_path, width, color_scheme="dark") as reader:
            await reader.log_in(auditor)
            await reader.page.goto(f"{reader.url}/audit")
            rows = await reader.seen("12-audit-dark")
            for told in ("look up an appliance", "read an attempt", "use a customer's code", "C-1001"):
                assert told in rows
        async with reading(browser, at, tmp_path, width) as reader:
            await reader.log_in(admin)
            await reader.page.goto(f"{reader.url}/staff")
            assert "otto" in await reader.seen("13-staff")
        passwords.close()


async def test_an_open_card_keeps_up_to_date_by_itself(browser: Browser, tmp_path: Path) -> None:
    async with home(tmp_path) as at:
        services, passwords = services_of(at)
        agent = await hire(services, "ava", StaffRole.AGENT, now=utc_now())
        made = (await at.make(1))[0]
        phone = at.phone()
        await phone.sign_up()
        appliance = at.appliance(made)
        pairing = await phone.pair(appliance)
        async with reading(browser, at, tmp_path, 1280) as reader:
            await reader.log_in(agent)
            assert "under way" in await reader.look_up(pairing.trace_id)
            await reader.page.click("text=This attempt on a page of its own")
            await reader.page.wait_for_selector("[data-changes]")
            by_script: list[Request] = []
            reader.page.on("request", lambda request: by_script.append(request))  # noqa: PLW0108 - playwright marks the handler it is given
            await reader.page.evaluate("window.loadedOnce = true")
            at.start(appliance)
            await reader.page.wait_for_selector(".tag.good >> text=succeeded")
            assert await reader.page.evaluate("window.loadedOnce"), "the page was not loaded again"
            said = await reader.page.text_content("[data-said]")
            assert said is not None
            assert "are done" in said
            assert by_script
            headers = [await request.all_headers() for request in by_script]
            assert {each["sec-fetch-dest"] for each in headers} == {"empty"}, "which prolongs nobody's session"
            assert not reader.complaints
        passwords.close()


async def test_everything_works_without_scripts_and_on_paper(browser: Browser, tmp_path: Path) -> None:
    async with home(tmp_path) as at:
        trace_id = await fail_one(at)
        services, passwords = services_of(at)
        agent = await hire(services, "ava", StaffRole.AGENT, now=utc_now())
        async with reading(browser, at, tmp_path, 1280, java_script_enabled=False) as reader:
            await reader.log_in(agent)
            await reader.page.fill("#look-up-words", trace_id)
            await reader.page.press("#look-up-words", "Enter")
            await reader.page.click("text=This attempt on a page of its own")
            assert "act.unknown_machine_code" in await reader.page.inner_text("main")
            await reader.page.emulate_media(media="print")
            assert not await reader.page.locator("nav").is_visible()
            assert not await reader.page.locator("form").first.is_visible()
            await reader.page.screenshot(path=tmp_path / "card-on-paper.png", full_page=True)
            await reader.page.emulate_media(media="screen")
            await reader.page.click("text=Log out")
            await reader.page.wait_for_url(f"{reader.url}/log-in")
        passwords.close()
