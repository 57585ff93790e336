"""The customer view: by the customer's code for one appliance, or by two of the staff; and whoever may review it."""

import re

import pytest

from gateway.domain.audit import Result
from gateway.domain.staff import Action, StaffRole
from gateway.domain.support_access import CODE_TRIES
from tests.console.home_of_ann import MARKUP, Ann, customer_code, move_in
from tests.console.rig import Console, Reader, text_of

CASE = {"case": "C-1001", "reason": "does not heat since monday"}


@pytest.fixture
async def ann(console: Console) -> Ann:
    return await move_in(console)


async def opened(console: Console, ann: Ann) -> tuple[Reader, str]:
    reader = await console.reader(StaffRole.AGENT)
    code = await customer_code(console, ann)
    answer = await reader.post("/customers", device=ann.device_id, code=code, **CASE)
    assert answer.status == 303, await answer.text()
    return reader, answer.headers["Location"]


async def test_the_customers_code_opens_one_appliance(console: Console, ann: Ann) -> None:
    reader, path = await opened(console, ann)
    assert ann.device_id not in path
    page = await text_of(await reader.get(path))
    assert "target_c" in page
    assert "C-1001" in page
    assert "&lt;script&gt;" in page, "what the appliance displays is shown as text"
    assert MARKUP not in page
    colleague = await console.reader(StaffRole.AGENT)
    assert "not open to you" in await text_of(await colleague.get(path), 404)


async def test_it_is_over_after_a_day(console: Console, ann: Ann) -> None:
    reader, path = await opened(console, ann)
    console.time.pass_by(hours=24)
    assert (await reader.log_in(console.time())).status == 303
    assert (await reader.get(path)).status == 404


async def test_it_is_over_when_somebody_ends_it(console: Console, ann: Ann) -> None:
    reader, path = await opened(console, ann)
    assert (await reader.post(f"{path}/end")).status == 303
    assert (await reader.get(path)).status == 404
    assert "Nothing is open" in await text_of(await reader.get("/customers"))


async def test_a_guessed_code_opens_nothing_and_uses_the_code_up(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.AGENT)
    code = await customer_code(console, ann)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(CODE_TRIES):
        assert (await reader.post("/customers", device=ann.device_id, code=wrong, **CASE)).status == 409
    assert "Too many tries" in await text_of(
        await reader.post("/customers", device=ann.device_id, code=code, **CASE), 409
    )


@pytest.mark.parametrize("missing", ["case", "reason", "code", "device"])
async def test_without_case_reason_code_or_appliance_nothing_opens(console: Console, ann: Ann, missing: str) -> None:
    reader = await console.reader(StaffRole.AGENT)
    fields = {**CASE, "code": await customer_code(console, ann), "device": ann.device_id, missing: ""}
    assert (await reader.post("/customers", **fields)).status in {400, 404}
    assert "Nothing is open" in await text_of(await reader.get("/customers"))


@pytest.mark.parametrize(
    ("path", "action"), [("/customers", Action.USE_CODE), ("/break-glass", Action.ASK_BREAK_GLASS)]
)
@pytest.mark.parametrize("named", [{"device": "d-" + "0" * 26}, {"attempt": "t-" + "0" * 26}, {}])
async def test_who_names_no_appliance_is_told_so_and_written_down(
    console: Console, path: str, action: Action, named: dict[str, str]
) -> None:
    reader = await console.reader(StaffRole.AGENT)
    assert (await reader.post(path, code="123456", **named, **CASE)).status == 404
    rows = await console.database.read(lambda tx: tx.audit.before(None, 1))
    entry = rows[0].entry
    assert (entry.action, entry.result, entry.case) == (action, Result.NOT_FOUND, CASE["case"])
    assert (entry.device_id, entry.account_id) == (None, None)


async def test_break_glass_takes_two_and_a_third_reviews(console: Console, ann: Ann) -> None:
    asking, second = await console.reader(StaffRole.LEAD), await console.reader(StaffRole.LEAD)
    third = await console.reader(StaffRole.LEAD)
    reason = f"water runs out {MARKUP}"
    assert (await asking.post("/break-glass", device=ann.device_id, case="C-2", reason=reason)).status == 303
    assert "/decision" not in await text_of(await asking.get("/customers")), "nobody decides on their own question"
    page = await text_of(await second.get("/customers"))
    assert MARKUP not in page
    found = re.search(r"/break-glass/(b-[0-9a-z]{26})/decision", page)
    assert found is not None
    decision = f"/break-glass/{found[1]}/decision"
    assert (await asking.post(decision, verdict="approve")).status == 409
    assert (await second.post(decision, verdict="perhaps")).status == 400
    assert (await second.post(decision, verdict="approve")).status == 303
    grant = re.search(r'href="(/customers/x-[0-9a-z]{26})"', await text_of(await asking.get("/customers")))
    assert grant is not None
    assert "target_c" in await text_of(await asking.get(grant[1]))
    console.time.pass_by(minutes=61)
    assert (await asking.log_in(console.time())).status == 303
    assert (await asking.get(grant[1])).status == 404
    assert (await third.log_in(console.time())).status == 303
    review = f"/break-glass/{found[1]}/review"
    assert review in await text_of(await third.get("/customers"))
    assert (await third.post(review, verdict="justified")).status == 303
    assert review not in await text_of(await third.get("/customers"))


async def test_what_was_just_done_is_one_of_our_sentences(console: Console) -> None:
    reader = await console.reader(StaffRole.LEAD)
    assert "Decided." in await text_of(await reader.get("/customers?done=decided"))
    assert MARKUP not in await text_of(await reader.get(f"/customers?done={MARKUP}&attempt={MARKUP}"))
