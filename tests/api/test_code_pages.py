"""The pages of the failure codes for people: both languages, nothing but text, links that lead somewhere."""

import re
from html import unescape

import pytest

from gateway.api.code_pages import code_page_html, list_html
from gateway.api.help import help_for, help_path, with_help
from gateway.domain.failure_texts import Language, page_of, text_of
from gateway.domain.failures import CATALOGUE, Code
from tests.api.rig import Client


async def test_a_code_is_explained_without_a_token(client: Client) -> None:
    answer = await client.get("/docs/codes/303")
    assert answer.status == 200
    assert answer.content_type == "text/html"
    text = unescape(await answer.text())
    assert "tls.client_cert_missing" in text
    assert text_of(Code.TLS_CLIENT_CERT_MISSING, Language.EN).customer in text


@pytest.mark.parametrize(
    ("query", "accepted", "expected"),
    [
        ("", None, "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "de, fr;q=0.5", "en"),
        ("?lang=en", "zh-CN", "en"),
        ("?lang=zh", "en", "zh"),
        ("?lang=%3Cscript%3E", "zh", "zh"),
    ],
)
async def test_a_page_speaks_the_language_that_is_asked_for(
    client: Client, query: str, accepted: str | None, expected: str
) -> None:
    headers = {} if accepted is None else {"Accept-Language": accepted}
    for path in ("/docs/codes", "/docs/codes/101"):
        answer = await client.get(path + query, headers=headers)
        assert answer.status == 200
        assert answer.headers["Content-Language"] == expected
        assert answer.headers["Vary"] == "Accept-Language"
        text = await answer.text()
        assert f'<html lang="{expected}">' in text
        assert "<script" not in text


@pytest.mark.parametrize("digits", ["000", "1", "0101", "999", "303x", "%3Cb%3E", "٣٠٣"])
async def test_digits_that_are_no_code_are_not_found(client: Client, digits: str) -> None:
    answer = await client.get(f"/docs/codes/{digits}")
    assert answer.status == 404
    assert answer.content_type == "application/problem+json"
    assert (await answer.json())["code"] == "http.not_found"


@pytest.mark.parametrize("language", Language)
def test_the_list_links_every_code_in_the_language_it_is_in(language: Language) -> None:
    linked = re.findall(r'href="(/docs/codes/[0-9]{3})\?lang=([a-z]+)"', list_html(language))
    assert linked == [(help_path(code), language.value) for code in CATALOGUE]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", Code)
def test_the_page_of_a_code_says_all_of_it_escaped(code: Code, language: Language) -> None:
    html = code_page_html(CATALOGUE[code], language)
    shown = unescape(re.sub(r"<[^>]+>", "", html))
    page = page_of(code, language)
    for said in (page.title, page.stage, *(part for one in page.sections for part in (one.heading, one.text))):
        assert said in shown
    assert html.count("<h1>") == 1
    assert "'" not in re.sub(r"<style>.*?</style>|<[^>]+>", "", html, flags=re.DOTALL)


def test_a_code_named_in_a_text_is_a_link() -> None:
    html = code_page_html(CATALOGUE[Code.OPCONN_NEVER], Language.ZH)
    assert '代码 <a href="/docs/codes/205?lang=zh">205</a>' in html


def test_only_failure_codes_have_help() -> None:
    assert help_for("bind.owned") == "/docs/codes/803"
    assert help_for(None) is None
    assert help_for("device_offline") is None
    assert with_help({"code": "bind.owned", "n": 1}) == {"code": "bind.owned", "n": 1, "help": "/docs/codes/803"}
    assert with_help({"code": None}) == {"code": None}
    assert with_help({"step": "bound"}) == {"step": "bound"}
