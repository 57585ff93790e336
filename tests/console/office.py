"""People who ask about their data, policies, and incidents, for the pages of privacy officers."""

from datetime import datetime
from typing import Any

from gateway.domain.identity import AccountId
from gateway.domain.policies import ChangeReason, Language, Policy, PolicyKind
from gateway.domain.requests import DeletionGround, Request, RequestId, RequestKind
from gateway.domain.staff import StaffRole
from gateway.usecases import policies, requests
from gateway.usecases.policies import text_in
from gateway.usecases.transaction import Transaction
from tests.console.home_of_ann import HEATER, MARKUP
from tests.console.rig import Console, Reader
from tests.storage.records import account_id, with_accounts

TURNED = "\u202eevil\u202c"
"""A text that a page would show backwards, and with it what stands beside it."""
HEBREW = "\u05e9\u05dc\u05d5\u05dd"
ASKED = f"Why do you keep this? {MARKUP} {HEBREW}\nAnd how long?"


async def officer(console: Console, name: str = "") -> Reader:
    """A privacy officer who has logged in."""
    return await console.reader(StaffRole.PRIVACY_OFFICER, name=name)


async def people(console: Console, many: int = 1) -> AccountId:
    """So many people; the first of them."""
    await console.database.run(lambda tx: with_accounts(tx, *range(1, many + 1)))
    return account_id(1)


async def asks(
    console: Console,
    who: AccountId,
    kind: RequestKind = RequestKind.QUESTION,
    text: str = ASKED,
    *,
    about: RequestId | None = None,
    at: datetime | None = None,
) -> RequestId:
    """Somebody asks."""
    ground = DeletionGround.BREACH if kind is RequestKind.DELETION else None

    def work(tx: Transaction) -> Any:
        return requests.ask(
            tx,
            who,
            kind=kind,
            ground=ground,
            about=about,
            text=text,
            persons=console.persons,
            identifiers=console.identifiers,
            now=at or console.time(),
        )

    made = await console.database.run(work)
    assert isinstance(made, Request), made
    return made.request_id


async def publishes(console: Console, version: int, english: str, chinese: str, **other: Any) -> Policy:
    """The next version of the policy."""
    policy = Policy(
        **{
            "version": version,
            "kind": PolicyKind.SIGNIFICANT if version > 1 else PolicyKind.MINOR,
            "reasons": frozenset({ChangeReason.RECIPIENTS}) if version > 1 else frozenset(),
            "affects": frozenset(),
            "reduces_rights": False,
            "published_at": console.time(),
            "effective_at": console.time(),
            **other,
        }
    )
    texts = [text_in(Language.ENGLISH, english), text_in(Language.CHINESE, chinese)]
    done = await console.database.run(lambda tx: policies.publish(tx, policy, texts))
    assert isinstance(done, policies.Published), done
    return policy


def filled(console: Console, **other: str) -> dict[str, str]:
    """The form of an incident, filled in rightly unless told otherwise."""
    began = console.time().replace(microsecond=0, tzinfo=None)
    texts = {
        "en.what": f"Reports could be read. {MARKUP}",
        "en.effects": "Somebody may know when you heat.",
        "en.measures": "It is closed.",
        "en.advice": "Nothing to do. Sorry.",
        "zh.what": "报告可被读取。",
        "zh.effects": "他人可能得知您何时取暖。",
        "zh.measures": "已修复。",
        "zh.advice": "无需操作。抱歉。",
    }
    return {**texts, "seen": "0", "began_at": began.isoformat(), "type_id": HEATER, **other}


async def newest_rows(console: Console, many: int) -> list[tuple[str, str, str]]:
    """Action, result and reason of the newest rows of the audit, newest first."""
    rows = await console.database.read(lambda tx: tx.audit.before(None, many))
    return [(row.entry.action, row.entry.result, row.entry.reason) for row in rows]
