"""The readable pages of the API in a real Chromium: nothing from elsewhere, nothing cut off on a narrow screen."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Request

from tests.home import gateway_running, settings_for

pytestmark = pytest.mark.needs_chromium


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_page_is_readable_and_loads_nothing_else(browser: Browser, tmp_path: Path, width: int) -> None:
    async with gateway_running(settings_for(tmp_path / "gateway")) as application:
        url = application.parts.api.url
        page: Page = await browser.new_page(viewport={"width": width, "height": 900})
        asked: list[Request] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - playwright marks the handler it is given
        page.on("console", lambda message: complaints.append(message.text))
        answer = await page.goto(f"{url}/docs")
        assert answer is not None
        assert answer.status == 200
        assert [request.url for request in asked if "favicon" not in request.url] == [f"{url}/docs"]
        assert not [text for text in complaints if "favicon" not in text]
        assert await page.locator("h3", has_text="/v1/pairings").count() >= 1
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.screenshot(path=tmp_path / "docs.png")
        assert (tmp_path / "docs.png").stat().st_size > 10_000
        await page.close()


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_pages_of_codes_are_readable_and_load_nothing_else(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    async with gateway_running(settings_for(tmp_path / "gateway")) as application:
        url = application.parts.api.url
        page: Page = await browser.new_page(viewport={"width": width, "height": 900}, locale="zh-CN")
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(f"{url}/docs/codes")
        assert await page.evaluate("document.documentElement.lang") == "zh"
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.get_by_role("link", name="701").click()
        assert page.url == f"{url}/docs/codes/701?lang=zh"
        await page.get_by_role("link", name="English").click()
        await page.get_by_role("link", name="205").click()
        assert page.url == f"{url}/docs/codes/205?lang=en"
        assert await page.locator("h1").inner_text() == "205 Appliance does not know the time"
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await page.locator(".say").evaluate("each => getComputedStyle(each).paddingLeft") == "16px"
        assert {each.partition("?")[0].rpartition("/")[0] for each in asked if "favicon" not in each} == {
            f"{url}/docs",
            f"{url}/docs/codes",
        }
        assert not [text for text in complaints if "favicon" not in text]
        await page.close()
