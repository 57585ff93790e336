"""Accounts of an older system: wrapped, repeatable, line by line; a stolen digest is no password."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.domain.identity import AccountId
from gateway.usecases.account_import import AT_ONCE, ImportedLine, Outcome
from gateway.usecases.services import IndexedField, PasswordRecord
from gateway.usecases.sessions import Checked, LoginRefused, check_login, log_in
from tests.api.imports import SALT, digest, import_rows, row
from tests.api.rig import NAME, PASSWORD, Rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(f"sqlite:///{tmp_path / 'gateway.db'}")
    yield made
    await made.close()


async def check(rig: Rig, password: str, name: str = NAME) -> Checked | LoginRefused:
    return await check_login(
        rig.database, rig.passwords, rig.indexes, name, password, address="192.0.2.1", now=rig.time()
    )


async def enter(rig: Rig, password: str) -> AccountId:
    checked = await check(rig, password)
    assert isinstance(checked, Checked)
    pair = await rig.database.run(
        lambda tx: log_in(tx, checked, tokens=rig.tokens, identifiers=rig.identifiers, now=rig.time())
    )
    assert not isinstance(pair, LoginRefused)
    return pair.account_id


async def stored(rig: Rig) -> PasswordRecord:
    index = rig.indexes.index(IndexedField.LOGIN_NAME, NAME)
    account = await rig.database.read(lambda tx: tx.accounts.by_login(index))
    assert account is not None
    record = await rig.database.read(lambda tx: tx.accounts.password(account.account_id))
    assert record is not None
    return record


@pytest.mark.parametrize("salt_first", [True, False])
async def test_an_imported_person_logs_in_and_is_rehashed_on_the_way(rig: Rig, *, salt_first: bool) -> None:
    await import_rows(rig, row(salt_first=salt_first))
    assert (await stored(rig)).scheme == "md5s1"
    await enter(rig, PASSWORD)
    record = await stored(rig)
    assert (record.scheme, record.salt) == ("pw1", None)
    await enter(rig, PASSWORD)


async def test_a_stolen_digest_is_no_password_before_or_after_the_first_login(rig: Rig) -> None:
    await import_rows(rig, row())
    for stolen in (digest(), digest().upper(), SALT + digest(), f"md5s1\0{digest()}"):
        assert isinstance(await check(rig, stolen), LoginRefused)
    rig.time.pass_by(hours=1)
    await enter(rig, PASSWORD)
    assert isinstance(await check(rig, digest()), LoginRefused)


async def test_the_digest_is_not_kept(rig: Rig) -> None:
    await import_rows(rig, row())
    rig.database.close()
    content = b"".join(path.read_bytes() for path in Path(rig.engine.url.database or "").parent.iterdir())
    assert digest().encode() not in content
    assert bytes.fromhex(digest()) not in content
    assert b"md5s1" in content  # a control: the row is there


async def test_bad_rows_are_told_by_line_without_their_values_and_good_ones_are_taken(rig: Rig) -> None:
    lines = await import_rows(
        rig,
        row(1),
        row(2, name="canary"),
        row(3, name="bob@example.org", md5_hex="canary"),
        row(4, name="cid@example.org"),
        row(5, name="ANN@example.org"),
    )
    assert [(line.line, line.outcome) for line in lines] == [
        (1, Outcome.IMPORTED),
        (2, Outcome.REFUSED),
        (3, Outcome.REFUSED),
        (4, Outcome.IMPORTED),
        (5, Outcome.ALREADY_THERE),
    ]
    assert not any("canary" in (line.reason or "") for line in lines)
    assert all(line.reason for line in lines if line.outcome is Outcome.REFUSED)


async def test_a_repeated_import_changes_nothing_not_even_after_a_login(rig: Rig) -> None:
    rows = [row(number, name=f"p{number}@example.org") for number in range(1, AT_ONCE + 5)]
    first = await import_rows(rig, *rows)
    assert {line.outcome for line in first} == {Outcome.IMPORTED}
    again = await import_rows(rig, *rows)
    assert again == [ImportedLine(each.line, Outcome.ALREADY_THERE) for each in rows]
    await import_rows(rig, row())
    await enter(rig, PASSWORD)
    before = await stored(rig)
    await import_rows(rig, row())
    assert await stored(rig) == before
