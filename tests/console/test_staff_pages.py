"""Admins make and change accounts, auditors read the audit."""

import base64
import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.domain.staff import StaffId, StaffRole
from tests.console.people import PASSWORD, Worker
from tests.console.rig import Console, Reader, text_of


async def test_an_admin_makes_an_account_that_works(console: Console) -> None:
    admin = await console.reader(StaffRole.ADMIN)
    page = await text_of(await admin.post("/staff", name="Mia", password=PASSWORD, roles="agent"))
    uri = re.search(r"<code>(otpauth:[^<]+)</code>", page)
    assert uri is not None
    assert 'src="data:image/svg+xml' in page
    secret = parse_qs(urlsplit(html.unescape(uri[1])).query)["secret"][0]
    mia = Worker(StaffId(""), "mia", base64.b32decode(secret + "=" * (-len(secret) % 8)))
    reader = Reader(await console.client(), mia)
    assert (await reader.log_in(console.time())).status == 303
    assert "otpauth" not in await text_of(await admin.get("/staff")), "shown once"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "<b>"},
        {"name": "x"},
        {"password": "short"},
        {"roles": "emperor"},
        {"roles": ["admin", "agent"]},
        {"roles": []},
    ],
)
async def test_an_account_that_cannot_be_is_refused_with_the_reason(console: Console, wrong: dict[str, object]) -> None:
    admin = await console.reader(StaffRole.ADMIN)
    fields = {"name": "mia", "password": PASSWORD, "roles": "agent", **wrong}
    text = await text_of(await admin.post("/staff", **fields), 400)
    assert 'role="alert"' in text
    assert "mia" not in await text_of(await admin.get("/staff"))


async def test_changing_somebody_ends_their_sessions(console: Console) -> None:
    admin, agent = await console.reader(StaffRole.ADMIN), await console.reader(StaffRole.AGENT)
    path = f"/staff/{agent.worker.staff_id}"
    assert (await admin.post(f"{path}/roles", roles="viewer")).status == 303
    assert (await agent.get("/account")).status == 303
    assert "otpauth" in await text_of(await admin.post(f"{path}/authenticator"))
    assert (await admin.post(f"{path}/disabled")).status == 303
    console.time.pass_by(seconds=60)
    assert (await agent.log_in(console.time())).status == 401


async def test_nobody_changes_their_own_account(console: Console) -> None:
    admin = await console.reader(StaffRole.ADMIN)
    path = f"/staff/{admin.worker.staff_id}"
    for what in ("authenticator", "disabled"):
        assert (await admin.post(f"{path}/{what}")).status == 409
    assert (await admin.post(f"{path}/roles", roles="viewer")).status == 409
    assert (await admin.post("/staff/w-nobody/disabled")).status == 404


async def test_the_audit_is_read_piece_by_piece_and_reading_is_in_it(console: Console) -> None:
    auditor = await console.reader(StaffRole.AUDITOR)
    for _ in range(console.limits.rows_of_page):
        await auditor.get("/audit")
    page = await text_of(await auditor.get("/audit"))
    assert "read the audit" in page
    older = re.search(r'href="(/audit\?before=\d+)"', page)
    assert older is not None
    assert "log in" in await text_of(await auditor.get(html.unescape(older[1])))
    for wrong in ("0", "-1", "x", "9" * 20):
        assert (await auditor.get(f"/audit?before={wrong}")).status == 404
