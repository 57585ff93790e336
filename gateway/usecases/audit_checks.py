"""Signing the audit's newest hash once a day, and checking every row and every signature.

A checkpoint signs its place among all checkpoints and the signature before it, so none of them can be taken out. The
newest is kept outside of the database too (`CheckpointMemory`), so the last ones cannot be taken away either: where the
database holds less than that, nothing new is signed, or the gateway would vouch for a chain that somebody made anew.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gateway.domain.audit import (
    Broken,
    Chain,
    Checkpoint,
    Fault,
    KnownCheckpoint,
    Sound,
    is_due,
)
from gateway.protocol.canonical import canonical
from gateway.usecases.audit import AuditUnavailableError, digest_of
from gateway.usecases.services import AuditSigner, CheckpointMemory
from gateway.usecases.transaction import Database, Transaction

ROWS_AT_ONCE: Final = 500
"""Rows that checking holds in memory."""


class SignaturesBrokenError(Exception):
    """The stored checkpoints are not those that were made. Nothing was signed."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(f"row {broken.number}: {broken.fault}")
        self.broken = broken


# -- signing


async def sign_if_due(
    database: Database, signer: AuditSigner, memory: CheckpointMemory, now: datetime
) -> Checkpoint | None:
    """Sign the newest hash when the last signature is a day old and there are newer rows; the new one, or None.

    Cheap while nothing is to be done: for looking often. What another gateway has signed is kept in this one's memory.

    Raises:
        SignaturesBrokenError: a checkpoint that was made is not there, or one is there that was not made.
        AuditUnavailableError: the last row is gone.
        MemoryUnavailableError: the memory fails. If it failed to keep what was signed, the next look keeps it.
    """
    known = memory.known()  # before the database is read: what is kept was committed before
    if not await database.read(lambda tx: _is_to_do(tx, known, now)):
        return None
    newest, signed = await database.run(lambda tx: _sign_if_due(tx, signer, known, now))
    if newest is not None and newest != known:
        memory.keep(newest)
    return signed


def _is_to_do(tx: Transaction, known: KnownCheckpoint | None, now: datetime) -> bool:
    newest = tx.audit.newest_checkpoint()
    stored = None if newest is None else newest.signature
    return stored != (None if known is None else known.signature) or is_due(newest, tx.audit.end(), now)


def _sign_if_due(
    tx: Transaction, signer: AuditSigner, known: KnownCheckpoint | None, now: datetime
) -> tuple[KnownCheckpoint | None, Checkpoint | None]:
    """The newest checkpoint after this transaction, and the one that it made."""
    last = tx.audit.hold()
    checkpoints = tx.audit.checkpoints()
    broken = _broken_signature(checkpoints, signer, known)
    if broken is not None:
        raise SignaturesBrokenError(broken)
    newest = checkpoints[-1] if checkpoints else None
    if not is_due(newest, last, now):
        return _known(checkpoints), None
    row = tx.audit.row(last)
    if row is None or (newest is not None and newest.number > last):
        raise AuditUnavailableError("the end of the audit is missing")
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    previous = b"" if newest is None else newest.signature
    signature = signer.sign(_signed(len(checkpoints) + 1, last, row.hash, at, previous))
    made = Checkpoint(last, row.hash, at, signature)
    tx.audit.add_checkpoint(made)
    return _known([*checkpoints, made]), made


def _known(checkpoints: Sequence[Checkpoint]) -> KnownCheckpoint | None:
    if not checkpoints:
        return None
    return KnownCheckpoint(len(checkpoints), checkpoints[-1].number, checkpoints[-1].signature)


def _signed(ordinal: int, number: int, digest: bytes, at: datetime, previous: bytes) -> bytes:
    return canonical(
        {
            "what": "hearthgate audit checkpoint 2",
            "ordinal": ordinal,
            "previous": previous.hex(),
            "number": number,
            "hash": digest.hex(),
            "at": at.isoformat(timespec="milliseconds"),
        }
    )


def _broken_signature(
    checkpoints: Sequence[Checkpoint], signer: AuditSigner, known: KnownCheckpoint | None
) -> Broken | None:
    """The first stored checkpoint that does not follow the one before it, or the known one that is not stored."""
    previous = b""
    for ordinal, one in enumerate(checkpoints, start=1):
        if not signer.verify(_signed(ordinal, one.number, one.hash, one.at, previous), one.signature):
            return Broken(one.number, Fault.SIGNATURE)
        previous = one.signature
    if known is None:
        return None
    stored = [one.signature for one in checkpoints[known.ordinal - 1 : known.ordinal]]
    return None if stored == [known.signature] else Broken(known.number, Fault.SIGNATURE_MISSING)


# -- checking


async def verify(database: Database, signer: AuditSigner, memory: CheckpointMemory, now: datetime) -> Sound | Broken:
    """Follow the chain from its oldest row to its end, in pieces; the first bad row when something is wrong.

    What is written meanwhile is left for the next time.

    Raises:
        MemoryUnavailableError: what is known of the newest checkpoint cannot be read.
    """
    known = memory.known()  # first, as in `sign_if_due`
    checkpoints, end = await database.read(lambda tx: (tx.audit.checkpoints(), tx.audit.end()))
    broken = _broken_signature(checkpoints, signer, known)
    if broken is not None:
        return broken
    chain = Chain(checkpoints, digest_of, end, now)
    number = -1
    while True:
        rows = await database.read(lambda tx, after=number: tx.audit.after(after, ROWS_AT_ONCE))  # type: ignore[misc]
        broken = chain.follow(row for row in rows if row.number <= end)
        if broken is not None:
            return broken
        if len(rows) < ROWS_AT_ONCE or rows[-1].number >= end:
            return chain.end()
        number = rows[-1].number
