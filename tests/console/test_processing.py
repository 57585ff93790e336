"""What officers see of what the gateway does with data: policies compared, retention, erasures, the record."""

import html
import re
from datetime import timedelta

import pytest

from gateway.domain.audit import Result
from gateway.domain.consent import Purpose
from gateway.domain.erasure import ErasureId, Reason, Step, begun, carried_out
from gateway.domain.failure_texts import Language
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.policies import ChangeReason
from gateway.domain.staff import Action
from gateway.storage.data_map import DATA_MAP, ended_by_time
from gateway.storage.data_map.entries import Sensitivity
from gateway.usecases.retention import sweep
from gateway.usecases.transaction import Transaction
from tests.console.home_of_ann import MARKUP
from tests.console.office import TURNED, newest_rows, officer, publishes
from tests.console.rig import Console, text_of
from tests.storage.records import an_ended_command, with_devices

LOOKED = (Action.SEE_PROCESSING, Result.GRANTED)
ANN, HEATER_OF_ANN = AccountId("a-" + "7" * 26), DeviceId("d-" + "7" * 26)


async def test_two_versions_are_compared_word_by_word_in_each_language(console: Console) -> None:
    await publishes(console, 1, "# Policy\nWe keep it for 30 days.\nNobody gets it.\n", "我们保存三十天。\n")
    await publishes(
        console,
        2,
        f"# Policy\nWe keep it for 90 days.\nNobody gets it.\n{MARKUP} {TURNED}\n",
        "我们保存九十天。\n",
        affects=frozenset({Purpose.SHARE_WEBHOOK}),
        reasons=frozenset({ChangeReason.RECIPIENTS, ChangeReason.RIGHTS}),
        reduces_rights=True,
        effective_at=console.time() + timedelta(days=30),
    )
    olga = await officer(console)
    listed = await text_of(await olga.get("/policies"))
    assert re.findall(r'href="/policies/(\d)"', listed) == ["2", "1"]
    for told in ("to come", "in effect", "significant; takes rights away", "recipients; rights of the person"):
        assert told in listed
    page = await text_of(await olga.get("/policies/2"))
    assert re.findall(r"<(ins|del)>([^<]+)</\1>", page) == [
        ("del", "30"),
        ("ins", "90"),
        ("ins", html.escape(f"{MARKUP} [U+202E]evil[U+202C]")),
        ("del", "三"),
        ("ins", "九"),
    ]
    assert MARKUP not in page
    assert TURNED not in page
    assert "What it changed of version 1" in page
    assert [(*LOOKED, "policy 2"), (*LOOKED, "policies")] == await newest_rows(console, 2)
    backwards = await text_of(await olga.get("/policies/1?with=2"))
    assert ("del", "90") in re.findall(r"<(ins|del)>([^<]+)</\1>", backwards)


async def test_the_first_version_has_nothing_to_be_compared_with(console: Console) -> None:
    await publishes(console, 1, "All of it.\n", "全部。\n")
    olga = await officer(console)
    page = await text_of(await olga.get("/policies/1"))
    assert "no such version to compare it with" in page
    assert "All of it." in page
    assert "<ins>" not in page


async def test_the_same_texts_say_so_and_too_long_ones_are_not_compared(console: Console) -> None:
    await publishes(console, 1, "Same.\n", "短。\n")
    await publishes(console, 2, "Same.\n", "长。\n" * 3001)
    page = await text_of(await (await officer(console)).get("/policies/2"))
    assert "The text is the same." in page
    assert "too long to be compared" in page


@pytest.mark.parametrize("asked", ["7", "0", "x", "1?with=x", "9999999"])
async def test_a_version_that_is_not_there_is_told(console: Console, asked: str) -> None:
    olga = await officer(console)
    assert "no version of this number" in await text_of(await olga.get(f"/policies/{asked}"), 404)


async def test_retention_says_what_is_late_and_what_went(console: Console) -> None:
    now = console.time()

    def seed(tx: Transaction) -> None:
        with_devices(tx, 1)
        for number in range(3):
            tx.commands.add(an_ended_command(number), None)

    await console.database.run(seed)
    olga = await officer(console)
    page = await text_of(await olga.get("/retention"))
    assert page.count('<th class="words" scope="row"') == len(ended_by_time())
    assert "Nothing is kept longer than promised." in page
    assert await newest_rows(console, 1) == [(*LOOKED, "retention")]
    console.time.pass_by(days=31)
    assert (await olga.log_in(console.time())).status == 303
    late = await text_of(await olga.get("/retention"))
    assert "Nothing is kept longer" not in late
    first = late[late.index("<tbody>") : late.index("</tr>", late.index("<tbody>"))]
    assert "late</span>" in first, "what is late comes first"
    assert "30 days" in await row_of(late, "commands; then only counts")
    await sweep(console.database, console.time())
    swept = await row_of(await text_of(await olga.get("/retention")), "commands; then only counts")
    assert re.findall(r'class="number"[^>]*>(\d+)<', swept) == ["3"]
    assert "in time" in swept
    assert now < console.time()


async def row_of(page: str, name: str) -> str:
    start = page.index(f">{name}</th>")
    return page[start : page.index("</tr>", start)]


async def test_erasures_show_their_steps_and_age_and_nothing_of_whom_they_are_about(console: Console) -> None:
    one = begun(
        erasure_id=ErasureId("e-" + "1" * 26),
        account_id=ANN,
        reason=Reason.GUARDIAN,
        devices=(HEATER_OF_ANN,),
        rows={"sessions": 2, "bindings": 3},
        now=console.time(),
    )
    await console.database.run(lambda tx: tx.erasures.add(one, b"digest"))
    olga = await officer(console)
    page = await text_of(await olga.get("/erasures"))
    assert re.findall(r"<li>([^:]+): (?:<(?:strong|span)[^>]*>)(\w+)<", page)[0] == (
        "written down outside of the database",
        "next",
    )
    assert len(re.findall(r"<li>[^<]+: <", page)) == len(Step)
    for told in ("closed by the guardian", "<dd>5</dd>", "Appliances to disconnect: 1", "0 s"):
        assert told in page
    for name in (ANN, HEATER_OF_ANN, one.erasure_id):
        assert name not in page
    assert "waited too long" not in page
    console.time.pass_by(minutes=11)
    page = await text_of(await olga.get("/erasures"))
    assert "waited too long" in page
    assert "11 minutes" in page
    erasure = one
    for step in Step:
        erasure = carried_out(erasure, step, {}, console.time())
        erasure = await console.database.run(lambda tx, it=erasure: tx.erasures.put(it))  # type: ignore[misc]
    page = await text_of(await olga.get("/erasures"))
    assert "None is under way." in page
    assert "closed by the guardian" in page
    assert await newest_rows(console, 1) == [(*LOOKED, "erasures")]


@pytest.mark.parametrize("language", list(Language))
async def test_the_record_says_everything_that_the_data_map_says_about_people(
    console: Console, language: Language
) -> None:
    olga = await officer(console)
    await olga.post("/language", language=language.value)
    page = html.unescape(await text_of(await olga.get("/processing-record")))
    assert "Hearth & Sons" in page
    assert await newest_rows(console, 1) == [(*LOOKED, "record of processing")]
    personal = [
        entry
        for entry in DATA_MAP.values()
        if not entry.nobody and any(one.sensitivity is Sensitivity.PERSONAL for one in entry.columns.values())
    ]
    assert len(personal) > 20
    if language is Language.EN:
        assert [entry.told for entry in personal if entry.told not in page] == []
    else:
        assert "您的账号" in page
        assert not re.search(r"<dt>[A-Z]", page)
