"""Versions of the privacy policy: which one applies to a person, and which consents a new one stops.

What changes little is published and told, and that is all. What changes much names its reasons and the purposes that it
affects: consents to these stop on the day it takes effect, until they are given again. What takes rights away never
applies to somebody who did not say yes to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum, unique

from gateway.domain.consent import Purpose


@unique
class PolicyKind(StrEnum):
    """How much a version changes."""

    MINOR = "minor"
    SIGNIFICANT = "significant"


@unique
class ChangeReason(StrEnum):
    """The six reasons that make a change significant (privacy.md)."""

    USE = "use"
    """The purpose, the type of data, or the way of using it."""
    OWNERSHIP = "ownership"
    RECIPIENTS = "recipients"
    RIGHTS = "rights"
    """Of the person, or how they are exercised."""
    CONTACT = "contact"
    """Who is responsible, or how to reach them."""
    RISK = "risk"
    """An assessment found a high risk."""


@unique
class Language(StrEnum):
    """Languages in which every text exists."""

    ENGLISH = "en"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version."""

    version: int
    """1, 2, 3."""
    kind: PolicyKind
    reasons: frozenset[ChangeReason]
    affects: frozenset[Purpose]
    reduces_rights: bool
    published_at: datetime
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A version in one language, as it is shown."""

    language: Language
    text: str = field(repr=False)
    hash: bytes = field(repr=False)
    """SHA-256 of the text in UTF-8."""


@dataclass(frozen=True, slots=True)
class BadPolicy:
    """A version that cannot be published, and every reason why."""

    problems: tuple[str, ...]


def check_policy(policy: Policy, before: Policy | None) -> BadPolicy | None:
    """None when a version may be published after `before`."""
    problems: list[str] = []
    expected = 1 if before is None else before.version + 1
    if policy.version != expected:
        problems.append(f"the next version is {expected}")
    if policy.effective_at < policy.published_at:
        problems.append("it cannot take effect before it is published")
    if before is not None and policy.effective_at < before.effective_at:
        problems.append("it cannot take effect before the version that it follows")
    if policy.kind is PolicyKind.MINOR and (policy.reasons or policy.affects or policy.reduces_rights):
        problems.append("a minor change has no reasons, affects no purpose and takes no right away")
    if policy.kind is PolicyKind.SIGNIFICANT and before is not None and not policy.reasons:
        problems.append("a significant change names at least one of the six reasons")
    if policy.reduces_rights and ChangeReason.RIGHTS not in policy.reasons:
        problems.append("what takes rights away has rights among its reasons")
    return BadPolicy(tuple(problems)) if problems else None


def stops(policy: Policy) -> frozenset[Purpose]:
    """The purposes whose older consents stop on the day this version takes effect.

    Not the acknowledgement itself where the version takes rights away: whoever does not say yes stays on the version
    they said yes to, and goes on as before.
    """
    if policy.kind is PolicyKind.MINOR:
        return frozenset()
    return policy.affects - {Purpose.POLICY} if policy.reduces_rights else policy.affects


def current(policies: Iterable[Policy], now: datetime) -> Policy | None:
    """The newest version that has taken effect: the one that newcomers are shown."""
    return max((one for one in policies if one.effective_at <= now), key=_version, default=None)


def applying(policies: Iterable[Policy], acknowledged: int | None, now: datetime) -> Policy | None:
    """The version that applies to somebody who acknowledged that one last; None for who acknowledged none.

    Later ones follow by themselves as they take effect, up to the first that takes rights away.
    """
    found: Policy | None = None
    for policy in sorted(policies, key=_version):
        if acknowledged is None or policy.version <= acknowledged:
            found = policy if policy.version == acknowledged else found
        elif policy.effective_at > now or policy.reduces_rights:
            break
        else:
            found = policy
    return found


def _version(policy: Policy) -> int:
    return policy.version
