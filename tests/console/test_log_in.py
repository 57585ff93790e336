"""Who gets in, for how long, and what their cookie is like."""

from http.cookies import SimpleCookie

from gateway.console.headers import HEADERS
from gateway.domain.staff import StaffRole
from gateway.domain.throttle import FREE_TRIES
from tests.console.rig import Console, Reader, text_of


async def test_password_and_code_open_a_session(console: Console) -> None:
    reader = await console.reader(StaffRole.AGENT, name="ava")
    assert "ava" in await text_of(await reader.get("/account"))


async def test_wrong_password_wrong_code_and_unknown_name_look_alike(console: Console) -> None:
    worker = await console.hire(StaffRole.AGENT)
    pages = []
    for wrong in ({"password": "nine brown horses"}, {"code": "000000"}, {"name": "nobody"}):
        reader = Reader(await console.client(), worker)
        answer = await reader.log_in(console.time(), **wrong)
        text = await text_of(answer, 401)
        pages.append(text.replace(await reader.csrf(), ""))
        assert (await reader.get("/account")).status == 303
    assert len(set(pages)) == 1


async def test_who_has_to_wait_is_told_how_long_whoever_exists(console: Console) -> None:
    worker = await console.hire(StaffRole.AGENT)
    for name in (worker.name, "nobody"):
        reader = Reader(await console.client(), worker)
        for _ in range(FREE_TRIES - 1):
            text = await text_of(await reader.log_in(console.time(), name=name, code="000000"), 401)
            assert "Try again in" not in text
        for _ in range(2):
            text = await text_of(await reader.log_in(console.time(), name=name, code="000000"), 401)
            assert "Try again in 30 seconds." in text


async def test_a_code_works_once(console: Console) -> None:
    first = await console.reader(StaffRole.AGENT)
    second = Reader(await console.client(), first.worker)
    assert (await second.log_in(console.time())).status == 401
    console.time.pass_by(seconds=30)
    assert (await second.log_in(console.time())).status == 303


async def test_a_session_ends_when_nobody_uses_it(console: Console) -> None:
    reader = await console.reader(StaffRole.AGENT)
    console.time.pass_by(minutes=29)
    assert (await reader.get("/account")).status == 200
    console.time.pass_by(minutes=31)
    answer = await reader.get("/account")
    assert (answer.status, answer.headers["Location"]) == (303, "/log-in")


async def test_logging_out_ends_the_session_and_not_only_the_cookie(console: Console) -> None:
    reader = await console.reader(StaffRole.AGENT)
    kept = {cookie.key: cookie.value for cookie in reader.client.session.cookie_jar}
    assert (await reader.post("/log-out")).status == 303
    reader.client.session.cookie_jar.update_cookies(kept)
    assert (await reader.get("/account")).status == 303


async def test_the_cookie_is_for_this_host_and_no_script(console: Console) -> None:
    reader = Reader(await console.client(), await console.hire(StaffRole.AGENT))
    answer = await reader.log_in(console.time())
    cookie = SimpleCookie(answer.headers.getall("Set-Cookie")[0])["hg-staff"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Strict", "/", "")


async def test_every_answer_carries_the_strict_policy(console: Console) -> None:
    reader = await console.reader(StaffRole.AGENT)
    for path in ("/", "/codes/303", "/no/such/page", "/static/console.css", "/log-out"):
        answer = await reader.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value or (name, path) == ("Cache-Control", "/static/console.css"), (
                name,
                path,
            )
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_an_address_that_asks_too_much_waits(console: Console) -> None:
    client = await console.client(admit=lambda _address: 7)
    answer = await client.get("/log-in")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


async def test_the_language_is_chosen_and_kept(console: Console) -> None:
    reader = await console.reader(StaffRole.AGENT)
    assert 'lang="zh-Hans"' in await text_of(await reader.get("/", **{"Accept-Language": "zh-CN,zh;q=0.9"}))
    assert (await reader.post("/language", language="zh")).status == 303
    assert 'lang="zh-Hans"' in await text_of(await reader.get("/", **{"Accept-Language": "en"}))
    answer = await reader.post("/language", language="zh")
    assert answer.headers["Location"] == "/"


async def test_choosing_a_language_leads_to_no_other_site(console: Console) -> None:
    reader = await console.reader(StaffRole.AGENT)
    csrf = await reader.csrf()
    for left in ("https://evil.example/x", "//evil.example", "http://evil.example//"):
        answer = await reader.client.post(
            "/language", data={"csrf": csrf, "language": "en"}, headers={"Referer": left}, allow_redirects=False
        )
        assert answer.headers["Location"] == "/"
