"""Decoding, conditions, buckets and problems, each by itself."""

import contextlib
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from gateway.api.buckets import Buckets, Rate, headers_of
from gateway.api.codes import ApiCode
from gateway.api.conditions import preferred_wait, require_match, version_tag
from gateway.api.decoding import inspect
from gateway.api.models import Page
from gateway.api.problem import Problem, fields_of, problem_of
from gateway.domain.failures import CATALOGUE, Code
from gateway.usecases.services import PasswordBusyError
from gateway.usecases.transaction import DatabaseUnavailableError

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.binary(max_size=200))
def test_no_bytes_bring_anything_but_a_problem(content: bytes) -> None:
    with contextlib.suppress(Problem):
        inspect(content)


def depth(tree: object) -> int:
    match tree:
        case dict():
            return 1 + max(map(depth, tree.values()), default=0)
        case list():
            return 1 + max(map(depth, tree), default=0)
        case _:
            return 0


@given(JSON)
def test_plain_json_of_at_most_eight_levels_is_read_as_it_is(tree: object) -> None:
    content = json.dumps(tree).encode()
    if depth(tree) <= 8:
        assert inspect(content) == tree
    else:
        with pytest.raises(Problem):
            inspect(content)


@pytest.mark.parametrize("levels", [8, 9])
@pytest.mark.parametrize("innermost", ["", "1", "{}"])
def test_the_ninth_level_is_too_deep(levels: int, innermost: str) -> None:
    around = levels - (innermost == "{}")
    content = ("[" * around + innermost + "]" * around).encode()
    if levels == 8:
        inspect(content)
    else:
        with pytest.raises(Problem, match=r"http\.validation"):
            inspect(content)


def test_bucket_refills_with_time_and_a_refusal_takes_nothing() -> None:
    now = 0.0
    buckets = Buckets("account", Rate(burst=2, per_second=0.5), lambda: now)
    assert [buckets.take("a").allowed for _ in range(4)] == [True, True, False, False]
    assert buckets.take("b").allowed
    now = 1.9
    assert buckets.take("a").wait_s == 1
    now = 2.0
    taken = buckets.take("a")
    assert (taken.allowed, taken.remaining, taken.wait_s) == (True, 0, 2)
    assert headers_of([taken]) == {"RateLimit-Policy": '"account";q=2;w=4', "RateLimit": '"account";r=0;t=2'}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=5", 5.0),
        ("respond-async, wait=5", 5.0),
        ('Wait="7"; x=1', 7.0),
        ("wait=9999", 20.0),
        ("wait=-1", None),
        ("wait=1e3", None),
        ("return=minimal", None),
    ],
)
def test_a_preference_to_wait_is_bounded_and_nonsense_is_ignored(header: str, seconds: float | None) -> None:
    assert preferred_wait(make_mocked_request("GET", "/", {"Prefer": header}), 20.0) == seconds


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (None, ApiCode.PRECONDITION_REQUIRED),
        ('"v3"', ApiCode.PRECONDITION_FAILED),
        ("v4", ApiCode.MALFORMED),
        ('"v4"', None),
        ('"v3", "v4"', None),
        ("*", None),
    ],
)
def test_an_edit_names_the_version_that_was_read(sent: str | None, code: ApiCode | None) -> None:
    request = make_mocked_request("PATCH", "/", {} if sent is None else {"If-Match": sent})
    if code is None:
        require_match(request, version_tag(4))
    else:
        with pytest.raises(Problem) as refused:
            require_match(request, version_tag(4))
        assert refused.value.code is code


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PasswordBusyError(3), 503, ApiCode.BUSY),
        (DatabaseUnavailableError(), 503, ApiCode.UNAVAILABLE),
        (web.HTTPNotFound(), 404, ApiCode.NOT_FOUND),
        (web.HTTPPaymentRequired(), 400, ApiCode.MALFORMED),
        (web.HTTPBadGateway(), 500, ApiCode.INTERNAL),
        (KeyError("canary"), 500, ApiCode.INTERNAL),
    ],
)
def test_every_exception_becomes_a_problem(error: Exception, status: int, code: ApiCode) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, code)
    assert b"canary" not in problem.content("k7q-4m2")


@pytest.mark.parametrize("code", list(Code))
def test_every_failure_code_can_be_a_problem_with_its_three_digits(code: Code) -> None:
    document = Problem(code).body("k7q-4m2")
    assert (document["code"], document["number"]) == (code.value, CATALOGUE[code].number)
    assert document["type"] == document["help"] == f"/docs/codes/{CATALOGUE[code].digits}"
    assert 400 <= document["status"] < 500
    assert document["retry_after_s"] == CATALOGUE[code].retry_after_s


def test_further_members_cannot_replace_the_standard_ones() -> None:
    document = Problem(ApiCode.DEVICE_OFFLINE, extra={"last_seen": "2026", "status": 200}).body("k7q-4m2")
    assert (document["last_seen"], document["status"]) == ("2026", 409)


def test_a_validation_error_is_told_without_values() -> None:
    class Inner(BaseModel):
        kind: int

    class Outer(BaseModel):
        inner: list[Inner]
        limit: float

    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"inner": [{"kind": "canary"}], "limit": "canary"})
    told = fields_of(caught.value, "body")
    assert [each.field for each in told] == ["inner.0.kind", "limit"]
    assert not any("canary" in each.message for each in told)


def test_pages_are_bounded() -> None:
    assert Page.model_validate({}).limit == 50
    assert Page.model_validate({"limit": "200"}).limit == 200
    for bad in ({"limit": "201"}, {"limit": "0"}, {"limit": "x"}, {"cursor": "a b"}, {"other": "1"}):
        with pytest.raises(ValidationError):
            Page.model_validate(bad)
