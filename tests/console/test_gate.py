"""What stands before every page: roles, forms of ours, limits, and the audit before the answer."""

import re

import pytest

from gateway.console.routes import Open, Route
from gateway.console.table import ROUTES
from gateway.console.visit import Answered, Shown, Visit
from gateway.domain.audit import Result
from gateway.domain.staff import Action, StaffRole, may
from tests.console.people import PASSWORD
from tests.console.rig import Console, text_of

GUARDED = [route for route in ROUTES if isinstance(route.needs, Action)]


def path_of(template: str) -> str:
    return re.sub(r"\{[a-z_]+\}", "x-nothing", template)


def test_every_route_needs_something_and_effects_need_a_form() -> None:
    assert {(route.method, route.path) for route in ROUTES if route.needs is Open.EVERYBODY} == {
        ("GET", "/log-in"),
        ("POST", "/log-in"),
        ("POST", "/language"),
    }
    assert {route.method for route in ROUTES} == {"GET", "POST"}
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("role", list(StaffRole))
async def test_a_role_reaches_its_routes_and_no_other(console: Console, role: StaffRole) -> None:
    reader = await console.reader(role)
    for route in GUARDED:
        assert isinstance(route.needs, Action)
        path = path_of(route.path)
        answer = await (reader.get(path) if route.method == "GET" else reader.post(path))
        allowed = answer.status != 403
        assert allowed == may(role, route.needs), (role, route.method, route.path, answer.status)
        assert answer.status != 500, route.path


async def test_a_refused_look_is_in_the_audit(console: Console) -> None:
    reader = await console.reader(StaffRole.VIEWER)
    assert (await reader.get("/audit")).status == 403
    rows = await console.database.read(lambda tx: tx.audit.before(None, 1))
    assert (rows[0].entry.action, rows[0].entry.result) == (Action.READ_AUDIT, Result.REFUSED)


async def test_nobody_is_sent_to_the_log_in(console: Console) -> None:
    client = await console.client()
    for route in ROUTES:
        if route.needs is Open.EVERYBODY or route.method == "POST":
            continue
        answer = await client.get(path_of(route.path), allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/log-in"), route.path


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "POST"], ids=lambda one: one.path)
async def test_a_form_without_its_token_does_nothing(console: Console, route: Route) -> None:
    reader = await console.reader(StaffRole.LEAD)
    path = path_of(route.path)
    for csrf in ("", "wrong", "é"):
        answer = await reader.client.post(path, data={"csrf": csrf, "words": "x"}, allow_redirects=False)
        assert answer.status == 403
    assert (await reader.get("/account")).status == 200, "still signed in: not even logging out took place"


async def test_a_token_of_another_session_does_not_count(console: Console) -> None:
    one, other = await console.reader(StaffRole.AGENT), await console.reader(StaffRole.AGENT)
    foreign = await other.csrf()
    answer = await one.client.post("/log-out", data={"csrf": foreign}, allow_redirects=False)
    assert answer.status == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_a_form_from_elsewhere_does_nothing(console: Console, headers: dict[str, str]) -> None:
    reader = await console.reader(StaffRole.AGENT)
    answer = await reader.client.post("/log-out", data={"csrf": await reader.csrf()}, headers=headers)
    assert answer.status == 403


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(40)), "application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_form_that_is_none_is_refused(console: Console, body: bytes, kind: str, status: int) -> None:
    reader = await console.reader(StaffRole.AGENT)
    answer = await reader.client.post("/look-up", data=body, headers={"Content-Type": kind})
    assert answer.status == status


async def test_without_the_audit_nothing_is_shown(console: Console) -> None:
    reader = await console.reader(StaffRole.LEAD)
    attempt = "t-" + "0" * 26
    with console.engine.begin() as connection:  # its end is gone: no row can follow
        connection.exec_driver_sql("DELETE FROM audit_rows WHERE number = (SELECT max(number) FROM audit_rows)")
    for answer in (
        await reader.post("/look-up", words="303 k7q-4m2"),
        await reader.get("/funnel"),
        await reader.get(f"/attempts/{attempt}"),
        await reader.get("/customers"),
        await reader.get("/audit"),
        await reader.post("/check", attempt=attempt),
        await reader.post("/log-in", name="ava", password="x", code="1"),
    ):
        assert "audit cannot be written" in await text_of(answer, 503)


async def test_a_refusal_before_any_route_is_still_a_page_of_whoever_is_signed_in(console: Console) -> None:
    reader = await console.reader(StaffRole.AGENT, name="ava")
    for answer in (await reader.get("/no/such/page"), await reader.get("/log-out")):
        page = await answer.text()
        assert answer.status in {404, 405}
        assert "ava" in page
        assert f'name="csrf" value="{await reader.csrf()}"' in page, "its forms work"
        assert "Set-Cookie" not in answer.headers


async def test_an_address_over_its_limit_costs_no_look_at_the_database_and_gets_no_form(console: Console) -> None:
    reader = await console.reader(StaffRole.AGENT, name="ava")
    over = await console.client(admit=lambda _address: 7)
    kept = {cookie.key: cookie.value for cookie in reader.client.session.cookie_jar}
    console.database.close()
    answer = await over.get("/", cookies=kept)
    page = await text_of(answer, 429)
    assert "<form" not in page, "whose token it needs is not known"
    assert "Set-Cookie" not in answer.headers


async def test_a_hash_is_counted_for_those_who_may_ask_for_it_and_for_no_others(console: Console) -> None:
    admin = await console.reader(StaffRole.ADMIN, name="root")
    agent = await console.reader(StaffRole.AGENT)
    asked: list[str] = []

    def refusing(address: str) -> int:
        asked.append(address)
        return 7

    for reader, status in ((agent, 403), (admin, 429)):
        full = await console.client(admit_password=refusing)
        full.session.cookie_jar.update_cookies({one.key: one.value for one in reader.client.session.cookie_jar})
        data = {"csrf": await reader.csrf(), "name": "mia", "password": PASSWORD, "roles": "agent"}
        assert (await full.post("/staff", data=data)).status == status
    assert len(asked) == 1
    rows = await console.database.read(lambda tx: tx.audit.before(None, 1))
    assert (rows[0].entry.action, rows[0].entry.result) == (Action.MANAGE_STAFF, Result.REFUSED)


async def test_what_a_script_asks_for_does_not_prolong_the_session(console: Console) -> None:
    reader = await console.reader(StaffRole.AGENT)
    for _ in range(2):
        console.time.pass_by(minutes=20)
        answer = await reader.get("/account", **{"Sec-Fetch-Dest": "empty"})
    assert answer.status == 303, "nobody was there for forty minutes"


async def test_a_page_has_until_its_moment_to_be_drawn(console: Console) -> None:
    """What drawing takes is part of the time after which a look-up is answered."""
    waited: list[float] = []

    class Slow(str):
        __slots__ = ()

        def __html__(self) -> str:
            console.time.pass_by(seconds=0.4)
            return "drawn"

    async def sleep(seconds: float) -> None:
        waited.append(round(seconds, 6))

    async def page(visit: Visit) -> Answered:
        values = {"sentence": Slow(), "retry_after_s": None, "trace_id": ""}
        return Shown("refusal.html", values, not_before=visit.began + 1.0)

    client = await console.client([Route("GET", "/slow", Open.EVERYBODY, page)], sleep=sleep)
    assert "drawn" in await text_of(await client.get("/slow"))
    assert waited == [0.6]
