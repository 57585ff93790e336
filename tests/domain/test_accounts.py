import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.domain.accounts import BadLoginName, LoginKind, LoginName, normal_login_name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" Ann.Lee@Example.ORG ", "ann.lee@example.org"),
        ("ann+home@mail.example.org", "ann+home@mail.example.org"),
        ("\uff21nn@example.org", "ann@example.org"),
        ("STRASSE@example.org", "strasse@example.org"),
        ("stra\u00dfe@example.org", "strasse@example.org"),
        ("\u5f20\u4f1f@\u4f8b\u5b50.cn", "\u5f20\u4f1f@\u4f8b\u5b50.cn"),
    ],
)
def test_a_mail_address_is_written_in_one_way(text: str, value: str) -> None:
    assert normal_login_name(text) == LoginName(LoginKind.MAIL, value)


@pytest.mark.parametrize("text", ["+86 138 0013 8000", "+86-138-0013-8000", "0086 13800138000", " +8613800138000"])
def test_a_telephone_number_is_written_in_one_way(text: str) -> None:
    assert normal_login_name(text) == LoginName(LoginKind.PHONE, "+8613800138000")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "ann@",
        "@example.net",
        "ann@example",
        "ann@@example.org",
        "a nn@example.org",
        "ann@exa mple.org",
        ".ann@example.org",
        "ann..lee@example.org",
        "ann@-example.org",
        "ann@example..org",
        "ann\u200b@example.org",
        "ann\0@example.org",
        "a" * 65 + "@example.org",
        "ann@" + "a" * 250 + ".org",
        "13800138000",
        "+0123456789",
        "+12345",
        "+1234567890123456",
        "+86 138 x",
    ],
)
def test_what_is_no_login_name_is_refused_without_repeating_it(text: str) -> None:
    refused = normal_login_name(text)
    assert isinstance(refused, BadLoginName)
    assert not text or text not in refused.reason


@given(st.text() | st.emails())
@example("\u03aa\u0301@example.org")
def test_normalising_twice_is_the_same_as_once(text: str) -> None:
    once = normal_login_name(text)
    assert isinstance(once, BadLoginName) or normal_login_name(once.value) == once


def test_a_login_name_is_not_in_the_text_form() -> None:
    assert "ann" not in repr(normal_login_name("ann@example.org"))
