"""The catalogue's words: complete, for the right reader, in both languages, and true to the list that was agreed on."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

import re
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from gateway.domain.evidence import Confidence, Source
from gateway.domain.failure_sources import sources_of
from gateway.domain.failure_texts import (
    Language,
    choose_language,
    confidence_name,
    failure_of,
    page_of,
    pieces_of,
    retry_advice,
    retry_sentence,
    source_name,
    stage_meaning,
    stage_name,
    text_of,
)
from gateway.domain.failures import CATALOGUE, Code, Failure, Retry, Stage

AGREED: Final = Path(__file__).parent / "design_codes.txt"
HAN: Final = re.compile(r"[\u4e00-\u9fff]")
NAMED: Final = re.compile(r"(?:[Cc]odes?|代码) ?([0-9]{3})")
EVERYTHING: Final = list(product(Code, Language))

STOPS: Final = {Language.EN: (".",), Language.ZH: ("。",)}
LONGEST: Final = {  # title, cause, customer, support: what a card shows without scrolling, a voice says in one breath
    Language.EN: (45, 180, 130, 300),
    Language.ZH: (22, 80, 60, 140),
}

JARGON: Final = re.compile(
    r"\b(?:access point|ACL|API|authentication|batch|broker|CA|certificate|claim|client|CN|credential|CSR|dBm|DHCP|DNS|"
    r"endpoint|epoch|firmware|flash|gateway|handshake|IP|keep-alive|MAC|MQTT|MTU|nonce|NTP|payload|PMF|policy|port|"
    r"production|protocol|provision\w*|QoS|registry|RSSI|schema|serial|server|session|SSID|TCP|telemetry|timeout|TLS|"
    r"token|topic|UDP|unit|X\.509)s?\b",
    re.IGNORECASE,
)
JARGON_IN_CHINESE: Final = re.compile(
    r"证书|固件|令牌|网关|消息服务器|服务器|主题|端口|协议|密钥|凭据|批次|握手|域名|会话|载荷|客户端|签名|DNS|DHCP|MAC|MQTT|TLS|SSID|RSSI|dBm"
)
BLAME: Final = re.compile(
    r"\b(?:your fault|you (?:entered|typed|did|have)|wrong password|wrongly|must)\b|错误密码|您输错|您的错|必须"
)
REVEALS: Final = re.compile(
    r"\b(?:tell|give|name|say|read out|show)\b[^.]*\b(?:owner|user|account|reason)\b", re.IGNORECASE
)


def agreed() -> list[tuple[str, str, str]]:
    lines = AGREED.read_text(encoding="utf-8").splitlines()
    return [(number, code, letters) for number, code, letters in (line.split() for line in lines if line[0] != "#")]


def test_the_catalogue_is_the_agreed_list() -> None:
    catalogue = [
        (failure.digits, failure.code.value, "".join(source.value for source in sources_of(failure.code)))
        for failure in CATALOGUE.values()
    ]
    assert catalogue == agreed()


@pytest.mark.parametrize(("code", "language"), EVERYTHING)
def test_every_code_has_every_text_and_no_text_is_too_long(code: Code, language: Language) -> None:
    text = text_of(code, language)
    parts = (text.title, text.cause, text.customer, text.support)
    assert [len(part) for part in parts if not len(part) >= 2] == []
    assert [(len(part), most) for part, most in zip(parts, LONGEST[language], strict=True) if len(part) > most] == []
    assert not text.title.endswith((".", "。", "：", ":"))
    for part in (text.cause, text.customer, text.support):
        assert part.endswith(STOPS[language])
    for part in parts:
        assert part == part.strip()
        assert "  " not in part
        assert not re.search(r"[{}<>`|\\\n]|\bTODO\b|\bTBD\b|\bXXX\b|\?\?|\.\.|。。", part)


@pytest.mark.parametrize("code", Code)
def test_each_language_is_written_in_itself(code: Code) -> None:
    english, chinese = text_of(code, Language.EN), text_of(code, Language.ZH)
    for part in (english.title, english.cause, english.customer, english.support):
        assert not HAN.search(part)
    for part in (chinese.title, chinese.cause, chinese.customer, chinese.support):
        assert HAN.search(part)
        assert not re.search(r"[\u4e00-\u9fff][,.;:?!()]", part), "Chinese takes its own punctuation"
        assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", part), "a space beside Latin"


@pytest.mark.parametrize("language", Language)
def test_no_two_codes_have_the_same_title_cause_or_support(language: Language) -> None:
    for part in ("title", "cause", "support"):
        said = [getattr(text_of(code, language), part) for code in Code]
        assert len(set(said)) == len(said), part


@pytest.mark.parametrize("code", Code)
def test_a_customer_hears_no_word_of_the_trade_and_no_blame(code: Code) -> None:
    for language in Language:
        said = text_of(code, language).customer
        assert JARGON.findall(said) == []
        assert JARGON_IN_CHINESE.findall(said) == []
        assert not BLAME.search(said)


@pytest.mark.parametrize("code", Code)
def test_a_customer_is_asked_for_one_thing_politely(code: Code) -> None:
    english, chinese = text_of(code, Language.EN).customer, text_of(code, Language.ZH).customer
    asked = len(re.findall(r"\b[Pp]lease\b", english))
    assert asked == 1 or "nothing you need to do" in english
    assert "请" in chinese or "您无需任何操作" in chinese
    assert ("contact us" in english or "call us" in english) == ("联系我们" in chinese or "致电我们" in chinese)


@pytest.mark.parametrize("code", Code)
def test_who_is_asked_to_contact_us_is_told_the_number_and_it_is_the_right_one(code: Code) -> None:
    for language in Language:
        said = text_of(code, language).customer
        named = NAMED.findall(said)
        if re.search(r"contact us|call us|联系我们|致电我们", said):
            assert named == [CATALOGUE[code].digits]
        else:
            assert named == []


@pytest.mark.parametrize(("code", "language"), EVERYTHING)
def test_every_code_that_a_text_names_exists_and_both_languages_name_the_same(code: Code, language: Language) -> None:
    text = text_of(code, language)
    for part in (text.cause, text.support):
        named = NAMED.findall(part)
        assert [digits for digits in named if failure_of(digits) is None] == []
        assert named == [piece.digits for piece in pieces_of(part) if isinstance(piece, Failure)]
        assert CATALOGUE[code].digits not in named
    assert NAMED.findall(text_of(code, Language.EN).support) == NAMED.findall(text_of(code, Language.ZH).support)


@pytest.mark.parametrize("code", [Code.BIND_OWNED, Code.ACT_ALREADY_ACTIVE])
def test_support_never_reveals_whose_an_appliance_is(code: Code) -> None:
    assert text_of(code, Language.EN).support.startswith("Never say or hint ")
    assert text_of(code, Language.ZH).support.startswith("切勿透露或暗示")
    assert_reveals_nothing(code)


def test_support_never_tells_the_reason_of_a_block() -> None:
    assert "Never tell it to the caller, nor hint at it." in text_of(Code.ACT_BLOCKED, Language.EN).support
    assert "切勿告诉来电者，也不要暗示。" in text_of(Code.ACT_BLOCKED, Language.ZH).support
    for language in Language:
        assert not re.search(r"recall|theft|abuse|召回|报失|滥用", text_of(Code.ACT_BLOCKED, language).customer)


def assert_reveals_nothing(code: Code) -> None:
    for sentence in re.split(r"(?<=\.) ", text_of(code, Language.EN).support):
        assert sentence.startswith(("Never", "Do not")) or not REVEALS.search(sentence), sentence


@pytest.mark.parametrize("code", Code)
def test_no_step_of_support_tells_anything_about_other_people(code: Code) -> None:
    assert_reveals_nothing(code)


@pytest.mark.parametrize(
    ("watch", "said"),
    [
        (JARGON, "The certificates are old."),
        (JARGON, "Check the ssid of the router."),
        (JARGON, "The handshake failed."),
        (JARGON_IN_CHINESE, "请检查设备证书。"),
        (BLAME, "You entered the wrong password."),
        (BLAME, "您输错了密码。"),
        (REVEALS, "Tell the caller who the present owner is."),
        (REVEALS, "Read out the name of the other account."),
    ],
)
def test_the_watches_see_what_they_are_there_for(watch: re.Pattern[str], said: str) -> None:
    assert watch.search(said)


@pytest.mark.parametrize("code", Code)
def test_nobody_is_asked_for_a_password(code: Code) -> None:
    english, chinese = text_of(code, Language.EN).support, text_of(code, Language.ZH).support
    for sentence in re.split(r"(?<=[.;:]) ", english):
        assert not re.search(r"\bask\b[^.]*\bpassword\b", sentence, re.IGNORECASE) or re.search(
            r"^Never ask|whether", sentence
        )
    for sentence in re.split(r"(?<=[。；])", chinese):
        assert not re.search(r"询问.*密码", sentence) or "切勿" in sentence or "是否" in sentence


@pytest.mark.parametrize("code", Code)
def test_waiting_is_promised_only_where_it_is_tried_again_by_itself(code: Code) -> None:
    failure = CATALOGUE[code]
    for language, promise in (
        (Language.EN, r"tries again by itself|goes on by itself"),
        (Language.ZH, r"自动重试|自动继续"),
    ):
        if re.search(promise, text_of(code, language).customer):
            assert failure.retry is Retry.AFTER


@pytest.mark.parametrize("language", Language)
def test_every_stage_source_and_confidence_has_a_name_of_its_own(language: Language) -> None:
    for names in (
        [stage_name(stage, language) for stage in Stage],
        [stage_meaning(stage, language) for stage in Stage],
        [source_name(source, language) for source in Source],
        [confidence_name(confidence, language) for confidence in Confidence],
    ):
        assert all(names)
        assert len(set(names)) == len(names)
    assert all(len(stage_name(stage, language)) <= 22 for stage in Stage)
    assert all(stage_meaning(stage, language).endswith(STOPS[language]) for stage in Stage)


def test_only_what_was_seen_is_called_seen() -> None:
    assert [one for one in Confidence if "seen by" in confidence_name(one, Language.EN)] == [Confidence.OBSERVED]
    assert "not seen" in confidence_name(Confidence.INFERRED, Language.EN)
    assert "未直接观测" in confidence_name(Confidence.INFERRED, Language.ZH)


@pytest.mark.parametrize(
    ("retry", "after_s", "english", "chinese"),
    [
        (Retry.NOW, None, "It may be tried again at once.", "可以立即重试。"),
        (Retry.AFTER, 10, "It is tried again by itself after 10 seconds.", "10 秒后自动重试。"),
        (Retry.AFTER, 60, "It is tried again by itself after 1 minute.", "1 分钟后自动重试。"),
        (Retry.AFTER, 90, "It is tried again by itself after 90 seconds.", "90 秒后自动重试。"),
        (Retry.AFTER, 600, "It is tried again by itself after 10 minutes.", "10 分钟后自动重试。"),
    ],
)
def test_the_advice_on_trying_again_is_a_sentence(
    retry: Retry, after_s: int | None, english: str, chinese: str
) -> None:
    assert retry_sentence(retry, after_s, Language.EN) == english
    assert retry_sentence(retry, after_s, Language.ZH) == chinese


@pytest.mark.parametrize(("retry", "after_s"), [(Retry.AFTER, None), (Retry.NOW, 5), (Retry.NEVER, 5)])
def test_a_wait_belongs_to_the_advice_to_wait_alone(retry: Retry, after_s: int | None) -> None:
    with pytest.raises(ValueError, match="time to wait"):
        retry_sentence(retry, after_s, Language.EN)


@pytest.mark.parametrize(("code", "language"), EVERYTHING)
def test_a_page_says_everything_and_cutting_it_for_links_loses_nothing(code: Code, language: Language) -> None:
    page, text = page_of(code, language), text_of(code, language)
    said = [section.text for section in page.sections]
    assert said[:4] == [text.customer, retry_advice(CATALOGUE[code], language), text.cause, text.support]
    for part in said:
        assert "".join(piece if isinstance(piece, str) else piece.digits for piece in pieces_of(part)) == part
    assert str(CATALOGUE[code].stage.digit) in page.stage


def test_a_number_that_is_no_code_is_no_link() -> None:
    assert pieces_of("see code 999 and port 443") == ("see code 999 and port 443",)


@pytest.mark.parametrize(
    ("asked", "accepted", "expected"),
    [
        (None, None, Language.EN),
        ("zh", "en", Language.ZH),
        ("ZH", None, Language.EN),
        ("fr", "zh", Language.ZH),
        (None, "zh-Hans-CN", Language.ZH),
        (None, "ZH-cn ; q=0.4 , en;q=0.5", Language.EN),
        (None, "zh;q=0, en;q=0", Language.EN),
        (None, "*;q=0.1, zh;q=0.2", Language.ZH),
        (None, "zh;q=2, ;;, en-, 中文", Language.EN),
        (None, ",".join(["de"] * 30 + ["zh"]), Language.EN),
        (None, "zhx, zh-", Language.EN),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_best_accepted(
    asked: str | None, accepted: str | None, expected: Language
) -> None:
    assert choose_language(asked, accepted) is expected
