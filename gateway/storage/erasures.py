"""Erasures on SQL, and the removal of whatever names an account, walked along the data map."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Delete,
    LargeBinary,
    Table,
    Update,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from gateway.domain.erasure import Done, Erasure, ErasureId, Reason, Step
from gateway.domain.identity import AccountId, DeviceId
from gateway.protocol.topics import DownChannel, DownTopic
from gateway.storage.data_map import DATA_MAP
from gateway.storage.data_map.erasure import Closing, fate_of
from gateway.storage.statements import AnyRow, Statements
from gateway.storage.tables import metadata
from gateway.storage.tables.access import accounts
from gateway.storage.tables.delivery import outbox
from gateway.storage.tables.erasure import erasures
from gateway.storage.tables.households import home_members, homes
from gateway.storage.tables.lifecycle import attempts, evidence, pairings
from gateway.storage.tables.schema import Instant, from_milliseconds, to_milliseconds
from gateway.usecases.outbox import Kind
from gateway.usecases.repositories.erasures import ReceiptKept

_ACCOUNT: Final[BindParameter[str]] = bindparam("b_subject")
_PAIRINGS: Final = select(pairings.c.pairing_id).where(pairings.c.account_id == _ACCOUNT)
_ATTEMPTS: Final = select(attempts.c.attempt_id).where(attempts.c.pairing_id.in_(_PAIRINGS))

_FIRST: Final = {
    "evidence": delete(evidence).where(evidence.c.attempt_id.in_(_ATTEMPTS)),
    "attempts": delete(attempts).where(attempts.c.pairing_id.in_(_PAIRINGS)),
}
"""What is found through rows that go themselves."""
_EMPTIED: Final = delete(homes).where(
    homes.c.home_ref.in_(select(home_members.c.home_ref).where(home_members.c.account_id == _ACCOUNT)),
    ~exists().where(home_members.c.home_ref == homes.c.home_ref, home_members.c.account_id != _ACCOUNT),
)
"""Homes in which nobody else is. Their membership goes with them."""
_OTHERS: Final = (update(accounts).where(accounts.c.guardian_id == _ACCOUNT).values(guardian_id=None),)
"""What another person's rows say of this one."""

_DROP: Final = delete(outbox).where(
    outbox.c.kind == Kind.PUBLISH.value, outbox.c.target.in_(bindparam("topics", expanding=True))
)
_INSERT: Final = insert(erasures)
_SELECT: Final = select(erasures)
_GET: Final = _SELECT.where(erasures.c.erasure_id == bindparam("id"))
_BY_TOKEN: Final = _SELECT.where(erasures.c.token_digest == bindparam("digest"))
_DUE: Final = _SELECT.where(erasures.c.next_at <= bindparam("now")).order_by(erasures.c.next_at).limit(1)
_UNDER_WAY_SINCE: Final = select(func.min(erasures.c.begun_at, type_=Instant())).where(erasures.c.next_at.is_not(None))
_NEWEST: Final = _SELECT.order_by(erasures.c.begun_at.desc()).limit(bindparam("at_most"))
_UNFINISHED: Final = (
    _SELECT.where(erasures.c.finished_at.is_(None)).order_by(erasures.c.begun_at).limit(bindparam("at_most"))
)
_UPDATE: Final = (
    update(erasures)
    .where(erasures.c.erasure_id == bindparam("b_id"), erasures.c.version == bindparam("b_version"))
    .values(
        account_id=bindparam("account_id"),
        devices=bindparam("devices"),
        done=bindparam("done"),
        next_at=bindparam("next_at"),
        finished_at=bindparam("finished_at"),
        receipt=func.coalesce(bindparam("b_receipt", type_=LargeBinary()), erasures.c.receipt),
        version=bindparam("version"),
    )
)
_FETCHED: Final = (
    update(erasures)
    .where(erasures.c.erasure_id == bindparam("b_id"), erasures.c.fetched_at.is_(None))
    .values(fetched_at=bindparam("fetched_at"))
)
_ACCOUNTS: Final = (
    select(accounts.c.account_id)
    .where(accounts.c.account_id > bindparam("after"))
    .order_by(accounts.c.account_id)
    .limit(bindparam("at_most"))
)


@cache
def removals() -> dict[str, Delete]:
    """How the rows of each table are removed, those first that others are found through or refer to."""
    found = dict(_FIRST)
    for table in reversed(metadata.sorted_tables):
        entry = DATA_MAP[table.name]
        fate = fate_of(table.name, entry)
        if table is home_members:  # what they would be found through goes next
            found["homes"] = _EMPTIED
        if fate is not None and fate.closing is Closing.REMOVED and entry.subject is not None:
            found[table.name] = delete(table).where(table.c[entry.subject] == _ACCOUNT)
    return found


@cache
def unlinkings() -> dict[str, Update]:
    """How rows that outlive the account lose it: no name where none is needed, else that of the erasure."""
    return {
        name: update(metadata.tables[name]).where(_subject(metadata.tables[name]) == _ACCOUNT).values(_unlinked(name))
        for name, entry in DATA_MAP.items()
        if (fate := fate_of(name, entry)) is not None and fate.closing is Closing.UNLINKED
    }


def _subject(table: Table) -> Any:
    subject = DATA_MAP[table.name].subject
    assert subject is not None  # noqa: S101 - a test holds the map to it
    return table.c[subject]


def _unlinked(name: str) -> dict[str, Any]:
    table = metadata.tables[name]
    subject = _subject(table)
    values: dict[str, Any] = {subject.name: None if subject.nullable else bindparam("b_alias")}
    if "closed_at" in table.c:
        values["closed_at"] = bindparam("b_now")
    return values


class SqlErasures:
    """Implements `usecases.repositories.erasures.ErasureRepository`."""

    def __init__(self, statements: Statements) -> None:
        self._statements: Final = statements

    def remove_subject(self, account_id: AccountId, alias: ErasureId, now: datetime) -> Mapping[str, int]:
        """See the protocol."""
        values: dict[str, Any] = {"b_subject": account_id, "b_alias": alias, "b_now": now}
        touched: dict[str, int] = {}
        for name, unlink in unlinkings().items():
            touched[name] = self._run(unlink, values)
        for other in _OTHERS:
            self._run(other, values)
        for name, remove in removals().items():
            touched[name] = self._run(remove, values)
        return {name: many for name, many in touched.items() if many}

    def _run(self, statement: Delete | Update, values: dict[str, Any]) -> int:
        wanted = statement.compile().params
        return self._statements.execute(statement, {name: values[name] for name in wanted if name in values}).rowcount

    def drop_messages(self, devices: Sequence[DeviceId]) -> int:
        """See the protocol."""
        topics = [str(DownTopic(device, channel)) for device in devices for channel in DownChannel]
        return self._statements.execute(_DROP, {"topics": topics}).rowcount if topics else 0

    def add(self, erasure: Erasure, token_digest: bytes) -> None:
        """See the protocol."""
        self._statements.execute(
            _INSERT,
            {
                "erasure_id": erasure.erasure_id,
                "account_id": erasure.account_id,
                "reason": erasure.reason.value,
                "begun_at": erasure.begun_at,
                "devices": json.dumps(erasure.devices),
                "rows": json.dumps(dict(erasure.rows)),
                "done": _done_text(erasure),
                "next_at": erasure.next_at,
                "finished_at": None,
                "token_digest": token_digest,
                "receipt": None,
                "fetched_at": None,
                "version": erasure.version,
            },
        )

    def get(self, erasure_id: ErasureId) -> Erasure | None:
        """See the protocol."""
        row = self._statements.first(_GET, {"id": erasure_id})
        return None if row is None else _erasure(row)

    def due(self, now: datetime) -> Erasure | None:
        """See the protocol."""
        row = self._statements.first(_DUE, {"now": now})
        return None if row is None else _erasure(row)

    def unfinished_since(self) -> datetime | None:
        """See the protocol."""
        row = self._statements.first(_UNDER_WAY_SINCE)
        return None if row is None else row[0]

    def put(self, erasure: Erasure, receipt: bytes | None = None) -> Erasure:
        """See the protocol."""
        self._statements.execute_guarded(
            _UPDATE,
            {
                "b_id": erasure.erasure_id,
                "b_version": erasure.version,
                "account_id": erasure.account_id,
                "devices": json.dumps(erasure.devices),
                "done": _done_text(erasure),
                "next_at": erasure.next_at,
                "finished_at": erasure.finished_at,
                "b_receipt": receipt,
                "version": erasure.version + 1,
            },
        )
        after = self.get(erasure.erasure_id)
        assert after is not None  # noqa: S101 - it was just written
        return after

    def by_token(self, token_digest: bytes) -> ReceiptKept | None:
        """See the protocol."""
        row = self._statements.first(_BY_TOKEN, {"digest": token_digest})
        return None if row is None else ReceiptKept(_erasure(row), row.receipt, row.fetched_at)

    def fetched(self, erasure_id: ErasureId, now: datetime) -> None:
        """See the protocol."""
        self._statements.execute(_FETCHED, {"b_id": erasure_id, "fetched_at": now})

    def page(self, at_most: int) -> list[Erasure]:
        """See the protocol."""
        return [_erasure(row) for row in self._statements.all(_NEWEST, {"at_most": at_most})]

    def unfinished(self, at_most: int) -> list[Erasure]:
        """See the protocol."""
        return [_erasure(row) for row in self._statements.all(_UNFINISHED, {"at_most": at_most})]

    def accounts(self, after: AccountId | None, at_most: int) -> list[AccountId]:
        """See the protocol."""
        rows = self._statements.all(_ACCOUNTS, {"after": after or "", "at_most": at_most})
        return [AccountId(row.account_id) for row in rows]


def _done_text(erasure: Erasure) -> str:
    return json.dumps([[one.step.value, to_milliseconds(one.at), dict(one.found)] for one in erasure.done])


def _erasure(row: AnyRow) -> Erasure:
    return Erasure(
        erasure_id=ErasureId(row.erasure_id),
        account_id=None if row.account_id is None else AccountId(row.account_id),
        reason=Reason(row.reason),
        begun_at=row.begun_at,
        devices=tuple(DeviceId(one) for one in json.loads(row.devices)),
        rows=json.loads(row.rows),
        done=tuple(Done(Step(step), from_milliseconds(at), found) for step, at, found in json.loads(row.done)),
        next_at=row.next_at,
        finished_at=row.finished_at,
        version=row.version,
    )
