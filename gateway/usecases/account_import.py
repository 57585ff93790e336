"""Accounts that come from an older system with salted md5 digests. Each digest is wrapped and then forgotten.

A repeated import changes nothing: a login name that has an account is left as it is, also when its password was changed
since. Wrapping takes about 230 ms a row and core; that is the point of bcrypt.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique
from itertools import islice
from typing import Final

from gateway.domain.accounts import Account, BadLoginName, LoginName, normal_login_name
from gateway.domain.identity import AccountId
from gateway.usecases.services import BlindIndexes, Clock, Identifiers, IndexedField, Passwords
from gateway.usecases.transaction import Database, Transaction

AT_ONCE: Final = 32
"""Rows that are wrapped side by side and committed together; below the password queue's bound, so logins still fit."""

_MD5_HEX: Final = re.compile(r"[0-9a-fA-F]{32}")
_SALT_AT_MOST: Final = 256


@dataclass(frozen=True, slots=True)
class OldAccount:
    """One row of the old system."""

    line: int
    """Where it stands in the file, from 1."""
    login_name: str = field(repr=False)
    md5_hex: str = field(repr=False)
    salt: str = field(repr=False)
    salt_first: bool
    """md5(salt + password) if true, md5(password + salt) if false."""
    adult: bool


@unique
class Outcome(StrEnum):
    """What became of a row."""

    IMPORTED = "imported"
    ALREADY_THERE = "already_there"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ImportedLine:
    """The result for one row. Never contains a value of it."""

    line: int
    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Good:
    row: OldAccount
    name: LoginName
    index: bytes = field(repr=False)


async def import_accounts(
    database: Database,
    passwords: Passwords,
    rows: Iterable[OldAccount],
    *,
    indexes: BlindIndexes,
    identifiers: Identifiers,
    clock: Clock,
) -> AsyncIterator[ImportedLine]:
    """Import rows; yields one result a row, in their order, after its commit. Bad rows do not hold up good ones."""
    remaining = iter(rows)
    while batch := list(islice(remaining, AT_ONCE)):
        results: dict[int, ImportedLine] = {}
        good: dict[bytes, _Good] = {}
        for position, row in enumerate(batch):
            checked = _check(row, indexes)
            if isinstance(checked, str):
                results[position] = ImportedLine(row.line, Outcome.REFUSED, checked)
            elif checked.index in good:
                results[position] = ImportedLine(row.line, Outcome.ALREADY_THERE)
            else:
                good[checked.index] = checked
        outcomes = await _store(database, passwords, good, identifiers, clock)
        for position, row in enumerate(batch):
            yield results.get(position) or ImportedLine(row.line, outcomes[_index(row, indexes)])


async def _store(
    database: Database, passwords: Passwords, good: dict[bytes, _Good], identifiers: Identifiers, clock: Clock
) -> dict[bytes, Outcome]:
    taken = await database.read(lambda tx: tx.accounts.taken(list(good)))
    new = [each for index, each in good.items() if index not in taken]
    async with asyncio.TaskGroup() as tasks:
        wrapping = [
            tasks.create_task(passwords.wrap_md5(each.row.md5_hex, each.row.salt, salt_first=each.row.salt_first))
            for each in new
        ]
    records = [task.result() for task in wrapping]
    now = clock()
    accounts = [_account(each, identifiers, now) for each in new]

    def add(tx: Transaction) -> list[bool]:
        return [tx.accounts.add(account, record, now) for account, record in zip(accounts, records, strict=True)]

    added = await database.run(add) if new else []
    outcomes = dict.fromkeys(good, Outcome.ALREADY_THERE)
    outcomes |= {each.index: Outcome.IMPORTED for each, was_added in zip(new, added, strict=True) if was_added}
    return outcomes


def _check(row: OldAccount, indexes: BlindIndexes) -> _Good | str:
    name = normal_login_name(row.login_name)
    if isinstance(name, BadLoginName):
        return f"login_name: {name.reason}"
    if _MD5_HEX.fullmatch(row.md5_hex) is None:
        return "md5: is not 32 hexadecimal digits"
    if len(row.salt) > _SALT_AT_MOST or not row.salt.isprintable():
        return f"salt: is not up to {_SALT_AT_MOST} printable characters"
    return _Good(row, name, indexes.index(IndexedField.LOGIN_NAME, name.value))


def _index(row: OldAccount, indexes: BlindIndexes) -> bytes:
    name = normal_login_name(row.login_name)
    return b"" if isinstance(name, BadLoginName) else indexes.index(IndexedField.LOGIN_NAME, name.value)


def _account(good: _Good, identifiers: Identifiers, now: datetime) -> Account:
    return Account(
        account_id=AccountId(identifiers.new("a")),
        login_index=good.index,
        login_kind=good.name.kind,
        adult=good.row.adult,
        created_at=now,
    )
