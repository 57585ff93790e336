"""Versions of the privacy policy, and what changed from one to the next."""

import asyncio
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Final

from gateway.console.pages.processing import looked
from gateway.console.refusal import Refusal
from gateway.console.rendering import TAGS
from gateway.console.visit import Answered, Shown, Visit
from gateway.domain.audit import AuditEntry, Result
from gateway.domain.failure_texts import Language as ShownIn
from gateway.domain.failure_texts import own_name
from gateway.domain.policies import Language, Policy, PolicyText, current
from gateway.domain.text_changes import LeftOut, Line, TooLongToCompare, changes
from gateway.usecases import audit
from gateway.usecases.purposes import purpose_in
from gateway.usecases.transaction import Transaction

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version."""

    version: int
    kind: str
    reasons: tuple[str, ...]
    affects: tuple[str, ...]
    reduces_rights: bool
    published_at: datetime
    effective_at: datetime
    state: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """What changed in one language."""

    tag: str
    own: str
    """How the language calls itself."""
    hash: str
    text: str = field(repr=False)
    lines: tuple[Line | LeftOut, ...] | None = field(repr=False)
    """None where there is nothing to compare with, or too much."""
    too_long: bool


async def show_policies(visit: Visit) -> Answered:
    """Every version, newest first."""
    found = await audit.audited(visit.deps.database, looked(visit, "policies"), lambda tx: tx.policies.all())
    return Shown("policies.html", {"versions": [_version(one, found, visit) for one in reversed(found)]})


@dataclass(frozen=True, slots=True)
class _Found:
    versions: list[Policy]
    texts: dict[Language, tuple[PolicyText | None, PolicyText | None]] = field(repr=False)
    """Of the older version and of this one."""


async def show_policy(visit: Visit) -> Answered:
    """One version, and in each language what it changed of the one before, or of another that was asked for."""
    number = _number(visit.request.match_info["version"])
    asked = visit.request.query.get("with")
    other = number - 1 if asked is None else _number(asked)

    def read(tx: Transaction) -> _Found:
        texts = {one: (tx.policies.text(other, one), tx.policies.text(number, one)) for one in Language}
        return _Found(tx.policies.all(), texts)

    def entry(found: _Found) -> AuditEntry:
        known = any(one.version == number for one in found.versions)
        return replace(looked(visit, f"policy {number}"), result=Result.GRANTED if known else Result.NOT_FOUND)

    found = await audit.audited(visit.deps.database, entry, read)
    policy = next((one for one in found.versions if one.version == number), None)
    if policy is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "policy_gone")
    # In a thread: two long texts take a while, in which appliances are not to wait.
    compared = await asyncio.to_thread(lambda: [_compared(one, *pair) for one, pair in found.texts.items()])
    values = {
        "policy": _version(policy, found.versions, visit),
        "other": other,
        "others": [one.version for one in found.versions if one.version != number],
        "compared": [one for one in compared if one is not None],
        "comparable": any(one.version == other for one in found.versions),
    }
    return Shown("policy.html", values)


def _compared(language: Language, before: PolicyText | None, this: PolicyText | None) -> Compared | None:
    if this is None:
        return None
    found = None if before is None else changes(before.text, this.text)
    too_long = isinstance(found, TooLongToCompare)
    lines = None if isinstance(found, TooLongToCompare) else found
    named = ShownIn(language.value)
    return Compared(TAGS[named], own_name(named), this.hash.hex(), this.text, lines, too_long=too_long)


def _version(policy: Policy, versions: list[Policy], visit: Visit) -> VersionView:
    newest = current(versions, visit.now)
    is_current = newest is not None and newest.version == policy.version
    waits = policy.effective_at > visit.now
    return VersionView(
        version=policy.version,
        kind=visit.say(f"policy_kind_{policy.kind.value}"),
        reasons=tuple(visit.say(f"change_reason_{one.value}") for one in sorted(policy.reasons)),
        affects=tuple(purpose_in(one, Language(visit.language.value)).text.title for one in sorted(policy.affects)),
        reduces_rights=policy.reduces_rights,
        published_at=policy.published_at,
        effective_at=policy.effective_at,
        state=visit.say("policy_current" if is_current else "policy_to_come" if waits else "policy_former"),
        is_current=is_current,
    )


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "policy_gone")
    return int(text)
