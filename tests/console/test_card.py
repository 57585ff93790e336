"""The card of one attempt: what it compares, and the stream that tells an open one of every change, as one answer."""

import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientResponse

from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.failures import Stage
from gateway.domain.staff import StaffRole
from gateway.usecases.transaction import Transaction
from tests.console.home_of_ann import Ann, move_in
from tests.console.rig import Console, Reader, text_of


@pytest.fixture
async def ann(console: Console) -> Ann:
    """Her attempt is under way again."""
    moved_in = await move_in(console)
    await change(console, moved_in, outcome=Outcome.OPEN, code=None, closed_at=None)
    return moved_in


async def change(console: Console, ann: Ann, **into: Any) -> Attempt:
    def work(tx: Transaction) -> Attempt:
        attempt = tx.attempts.get(ann.attempt_id)
        assert attempt is not None
        return tx.attempts.update(replace(attempt, **into))

    return await console.database.run(work)


async def succeed(console: Console, ann: Ann) -> int:
    """The attempt is through; returns its version."""
    return (await change(console, ann, outcome=Outcome.SUCCEEDED, stage_reached=Stage.FIRST)).version


async def shown_stream(reader: Reader, ann: Ann) -> str:
    """The address of the stream that the page opens."""
    page = await text_of(await reader.get(f"/attempts/{ann.attempt_id}"))
    found = re.search(r'data-changes="([^"]+)"', page)
    assert found is not None
    return found[1]


async def told(stream: ClientResponse) -> list[str]:
    return re.findall(r"event: (\w+)", (await stream.read()).decode())


async def test_an_open_page_is_told_that_its_attempt_has_changed(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.AGENT)
    stream = await reader.get(await shown_stream(reader, ann))
    assert stream.content_type == "text/event-stream"
    await succeed(console, ann)
    assert await told(stream) == ["changed", "end"]


async def test_a_change_between_the_page_and_its_stream_is_told(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.AGENT)
    path = await shown_stream(reader, ann)
    version = await succeed(console, ann)
    content = (await (await reader.get(path)).read()).decode()
    assert f"event: changed\nid: {version}\n" in content


async def test_a_stream_that_broke_off_goes_on_after_what_it_told(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.AGENT)
    path = await shown_stream(reader, ann)
    version = await succeed(console, ann)
    assert await told(await reader.get(path, **{"Last-Event-ID": str(version)})) == ["end"]
    assert await told(await reader.get(path, **{"Last-Event-ID": str(version - 1)})) == ["changed", "end"]


@pytest.mark.parametrize("seen", ["", "?seen=", "?seen=x", "?seen=-1", f"?seen={'9' * 30}"])
async def test_whoever_names_no_version_has_seen_the_present_one(console: Console, ann: Ann, seen: str) -> None:
    reader = await console.reader(StaffRole.AGENT)
    await succeed(console, ann)
    assert await told(await reader.get(f"/attempts/{ann.attempt_id}/changes{seen}")) == ["end"]


async def test_a_stream_ends_with_its_session(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.AGENT)
    stream = await reader.get(f"/attempts/{ann.attempt_id}/changes")
    assert (await reader.post("/log-out")).status == 303
    assert await told(stream) == ["end"]


async def test_a_stream_without_its_database_ends_and_the_page_comes_back(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.AGENT)
    stream = await reader.get(f"/attempts/{ann.attempt_id}/changes")
    console.database.close()
    assert await stream.read() == b"retry: 10000\n\n", "no `end`, after which no page would ask again"


async def test_a_fault_of_ours_in_an_open_stream_is_no_second_answer(console: Console, ann: Ann) -> None:
    reader = await console.reader(StaffRole.AGENT)
    stream = await reader.get(f"/attempts/{ann.attempt_id}/changes")
    with console.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE attempts RENAME TO attempts_away")
    assert await stream.read() == b"retry: 10000\n\n"


@pytest.mark.parametrize(
    ("outcome", "compares"), [(Outcome.OPEN, False), (Outcome.SUCCEEDED, False), (Outcome.FAILED, True)]
)
async def test_what_has_not_failed_is_compared_with_no_failure(
    console: Console, ann: Ann, outcome: Outcome, *, compares: bool
) -> None:
    await change(console, ann, outcome=outcome)
    reader = await console.reader(StaffRole.AGENT)
    page = await text_of(await reader.get(f"/attempts/{ann.attempt_id}"))
    assert ("The same failure elsewhere" in page) == compares
