"""Erases one account after the other, each time killed by SIGKILL one step later, and once more without being killed.

Run as `python -m tests.faults.erasing FOLDER`. Everything happens in forked processes, so that a kill is one: what was
not on the disk is lost. Prints a line of JSON for each account: where it died, and how it stands when it was finished.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from gateway.domain.erasure import Reason
from gateway.domain.identity import AccountId
from gateway.observability.logging import configure
from gateway.observability.metrics import Metrics
from gateway.runtime.clock import utc_now
from gateway.runtime.erasures import Erasures, Stores
from gateway.security.erasure_ledger import ErasureLedger
from gateway.security.receipt_signatures import ReceiptKey
from gateway.storage.database import Database
from gateway.storage.freed_space import overwrite
from gateway.usecases import erasure
from gateway.usecases.erasure_receipts import Genuine, check
from gateway.usecases.services import IndexedField
from gateway.usecases.transaction import Transaction
from tests.cli.installation import Installation, Opened

LATER = timedelta(hours=1)
MOST = 80


class Countdown:
    """Kills this process when so many boundaries were passed."""

    def __init__(self, die_at: int | None) -> None:
        self._left = die_at

    def passed(self, name: str) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left == 0:
            Path(os.environ["DIED_AT"]).write_text(name, "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def numbered(*args: Any, **kwargs: Any) -> Any:
            self.passed(f"{name}: before")
            result = function(*args, **kwargs)
            self.passed(f"{name}: after")
            return result

        return numbered


def watch(database: Database, countdown: Countdown) -> None:
    """Every transaction, before and after its commit."""
    run = database.run

    async def numbered(work: Callable[[Transaction], Any]) -> Any:
        name = getattr(work, "__qualname__", "").split(".")[1:2]

        def worked(tx: Transaction) -> Any:
            result = work(tx)
            countdown.passed(f"{name}: not committed")
            return result

        result = await run(worked)
        countdown.passed(f"{name}: committed")
        return result

    database.run = numbered  # type: ignore[method-assign]


async def work_off(it: Opened, at: Installation, die_at: int | None, now: datetime) -> None:
    """The job, until nothing is due."""
    countdown = Countdown(die_at)
    database = it.household.database
    watch(database, countdown)
    ledger = ErasureLedger(at.settings.erasure_ledger_file, it.secrets.keys)
    ledger.append = countdown.around("ledger", ledger.append)  # type: ignore[method-assign]
    it.persons.destroy = countdown.around("key", it.persons.destroy)  # type: ignore[method-assign]

    async def evict(_: str) -> None:
        countdown.passed("connection ended")

    stores = Stores(
        persons=it.persons,
        ledger=ledger,
        index=partial(it.secrets.indexes.index, IndexedField.PERSON),
        evict=evict,
        broker="none",
        overwrite=countdown.around("space", partial(overwrite, database.engine)),
        signer=it.secrets.receipts,
        region="local",
    )
    job = Erasures(database, stores, lambda: now, Metrics("test"))
    while await job.one():
        pass


async def close(it: Opened, told: Path) -> None:
    """Somebody moves in, names a thing, and leaves."""
    it.household.now = utc_now()
    ann = await it.household.account()
    await it.named(ann, "Zanzibar")
    begun = await it.household.run(lambda tx: erasure.begin(tx, it.household, ann, Reason.CLOSED, it.household.now))
    assert begun is not None
    write(told, [ann, begun.receipt_token])


async def look(it: Opened, at: Installation, told: Path, report: Path) -> None:
    """How everything stands."""
    ann, token = read(told)
    document = await it.household.run(lambda tx: erasure.fetch(tx, it.household.tokens, token, utc_now()))
    genuine = isinstance(document, bytes) and isinstance(
        check(document, ReceiptKey(it.secrets.receipts.public_key)), Genuine
    )
    subject = it.secrets.indexes.index(IndexedField.PERSON, AccountId(ann))
    lines = ErasureLedger(at.settings.erasure_ledger_file, it.secrets.keys).lines()
    write(
        report,
        {
            "genuine": genuine,
            "in_ledger": [line.subject for line in lines].count(subject),
            "key_destroyed": subject in it.persons.destroyed(),
        },
    )


def write(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value), "utf-8")


def read(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def forked(at: Installation, work: Callable[[Opened], Coroutine[Any, Any, None]]) -> int:
    """Do something in a process of its own; the signal that it died of, 0 for none."""
    pid = os.fork()
    if pid == 0:
        try:
            at.run(work)
        except BaseException:  # noqa: BLE001 - the end of a process
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    configure(level="ERROR", human=False)
    at = Installation(folder / "data")
    told, report, died_at = folder / "told.json", folder / "report.json", folder / "died_at"
    os.environ["DIED_AT"] = str(died_at)
    for step in range(1, MOST):
        assert forked(at, lambda it: close(it, told)) == 0
        died_at.write_text("", "utf-8")
        ended = forked(at, lambda it, step=step: work_off(it, at, step, utc_now() + LATER))  # type: ignore[misc]
        assert ended in {0, signal.SIGKILL}
        assert forked(at, lambda it: work_off(it, at, None, utc_now() + 2 * LATER)) == 0
        assert forked(at, lambda it: look(it, at, told, report)) == 0
        ann = read(told)[0]
        found = sorted(
            str(path.relative_to(folder))
            for path in at.folder.rglob("*")
            if path.is_file() and ann.encode() in path.read_bytes()
        )
        state = {**read(report), "died_at": died_at.read_text("utf-8"), "found": found}
        sys.stdout.write(json.dumps(state) + "\n")
        if ended == 0:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
