"""What support reads: one look-up for any identifier, the card of an attempt, and the funnel of many.

The console and the command line show exactly these. Everything here only reads, and runs the same number of queries
whether something is found or not: how long an answer takes must not say whether an identifier exists.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from gateway.domain.attempts import Attempt
from gateway.domain.evidence import Evidence
from gateway.domain.failures import CATALOGUE
from gateway.domain.funnel import Funnel, funnel_of, seconds_per_stage
from gateway.domain.identity import AttemptId, ClaimId, DeviceId, PairingId, UnitId
from gateway.domain.look_up import NO_ID, LookedFor, read_words
from gateway.domain.stage_picture import StageMark, picture
from gateway.domain.verdicts import Verdict, verdict
from gateway.usecases.repositories.support import AttemptFilter, KnownUnit, ListedAttempt, LookUpKeys
from gateway.usecases.services import BlindIndexes, IndexedField
from gateway.usecases.transaction import Transaction

LISTED_AT_MOST: Final = 50
"""Attempts of one look-up, newest first."""

ALIKE_FOR: Final = timedelta(days=7)
"""How far back the same failure is looked for at other appliances."""

FUNNEL_AT_MOST: Final = timedelta(days=7)
"""How far back a funnel reaches: successes are forgotten after 7 days and failures after 30, so an older one would
show failures only."""

TIMED_AT_MOST: Final = 5_000
"""Attempts, the newest, whose stages are timed for one funnel."""

TOP_CODES: Final = 20


@dataclass(frozen=True, slots=True)
class Found:
    """What one look-up found."""

    unit: KnownUnit | None = field(repr=False)
    """The unit that the identifier names; None when it names an attempt, or nothing."""
    attempts: tuple[ListedAttempt, ...] = field(repr=False)
    """Newest first, at most `LISTED_AT_MOST`."""
    told_digits: str | None
    """The three digits that were given with a trace id."""

    @property
    def is_miss(self) -> bool:
        """True when there is nothing of this name."""
        return self.unit is None and not self.attempts

    @property
    def newest(self) -> AttemptId:
        """The attempt whose card is shown first. After a miss an id that nothing has, so that `card` works as long."""
        return self.attempts[0].attempt.attempt_id if self.attempts else AttemptId(NO_ID)

    @property
    def digits_differ(self) -> bool:
        """True when the code that was told is not the present one: misheard, or the verdict has changed since."""
        if self.told_digits is None or not self.attempts:
            return False
        code = self.attempts[0].attempt.code
        return code is None or CATALOGUE[code].digits != self.told_digits


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that is known of one attempt."""

    attempt: Attempt
    verdict: Verdict
    """Recomputed from the evidence, with the contradictions."""
    stages: tuple[StageMark, ...]
    """The ten stages in order."""
    timeline: tuple[Evidence, ...]
    """All evidence, oldest first."""
    mac_tail: str | None = field(repr=False)
    """Last two characters, of the unit or as the appliance named it."""
    machine_code_tail: str | None = field(repr=False)
    type_id: str | None
    """As the appliance says; where it said nothing, as the production list has it."""
    firmware: str | None
    app_version: str | None
    unit: KnownUnit | None = field(repr=False)
    """None while nobody proved to be a known unit."""
    failing_alike: int
    """Other appliances of this type and firmware that failed with this code within `ALIKE_FOR` before now."""


def find(tx: Transaction, indexes: BlindIndexes, words: str) -> Found:
    """Look one exact identifier up: MAC, machine code, three digits and trace id, or any id of ours.

    Two queries and two keyed digests, whatever the words are and whatever is found.
    """
    looked_for = read_words(words)
    keys = _keys(indexes, looked_for)
    unit = tx.support.unit(keys)
    if unit is not None:
        keys = _keys_of(unit, keys)
    return Found(unit, tuple(tx.support.attempts(keys, LISTED_AT_MOST)), looked_for.digits)


def recent(tx: Transaction, which: AttemptFilter, at_most: int) -> list[ListedAttempt]:
    """Attempts of any appliance, newest first."""
    return tx.support.newest(which, at_most)


def card(tx: Transaction, attempt_id: AttemptId, now: datetime) -> Card | None:
    """The card of an attempt; None when there is none of this id, after the same four queries."""
    listed = tx.support.attempt(attempt_id)
    evidence = tuple(sorted(tx.attempts.evidence(attempt_id), key=lambda line: line.at))
    unit_id = UnitId(NO_ID) if listed is None else listed.attempt.unit_id or UnitId(NO_ID)
    unit = tx.support.unit(replace(_NO_KEYS, unit_id=unit_id))
    alike = tx.support.units_failing_alike(attempt_id, now - ALIKE_FOR)
    if listed is None:
        return None
    attempt = listed.attempt
    if unit is not None:
        listed = replace(
            listed,
            mac_tail=listed.mac_tail or unit.mac_tail,
            machine_code_tail=listed.machine_code_tail or unit.machine_code_tail,
        )
    return Card(
        attempt=attempt,
        verdict=verdict(evidence),
        stages=picture(attempt, evidence),
        timeline=evidence,
        mac_tail=listed.mac_tail,
        machine_code_tail=listed.machine_code_tail,
        type_id=attempt.type_id or (None if unit is None else unit.type_id),
        firmware=attempt.firmware or (None if unit is None else unit.firmware),
        app_version=attempt.app_version,
        unit=unit,
        failing_alike=alike,
    )


def funnel(tx: Transaction, since: datetime, until: datetime, now: datetime) -> Funnel:
    """What became of the attempts that were opened in a span of time.

    Args:
        tx: the open transaction.
        since: begin of the span; one before `FUNNEL_AT_MOST` is moved there, and the result says so.
        until: its end, not included.
        now: the present moment.
    """
    begin = max(since, now - FUNNEL_AT_MOST)
    support = tx.support
    return funnel_of(
        support.tallies(begin, until),
        seconds_per_stage(support.first_signs(begin, until, TIMED_AT_MOST)),
        support.first_tries(begin, until),
        support.top_codes(begin, until, TOP_CODES),
        since=begin,
        until=until,
    )


_NO_DIGEST: Final = bytes(32)
"""No keyed digest is all zeros."""

_NO_KEYS: Final = LookUpKeys(
    mac_index=_NO_DIGEST,
    machine_code_index=_NO_DIGEST,
    trace_id=NO_ID,
    attempt_id=AttemptId(NO_ID),
    pairing_id=PairingId(NO_ID),
    device_id=DeviceId(NO_ID),
    unit_id=UnitId(NO_ID),
    claim_id=ClaimId(NO_ID),
)


def _keys(indexes: BlindIndexes, looked_for: LookedFor) -> LookUpKeys:
    # The digest of no identifier is a digest as well: no unit has it, and it takes as long.
    return LookUpKeys(
        mac_index=indexes.index(IndexedField.MAC, looked_for.mac),
        machine_code_index=indexes.index(IndexedField.MACHINE_CODE, looked_for.machine_code),
        trace_id=looked_for.trace_id,
        attempt_id=looked_for.attempt_id,
        pairing_id=looked_for.pairing_id,
        device_id=looked_for.device_id,
        unit_id=looked_for.unit_id,
        claim_id=looked_for.claim_id,
    )


def _keys_of(unit: KnownUnit, besides: LookUpKeys) -> LookUpKeys:
    return replace(
        besides,
        unit_id=unit.unit_id,
        mac_index=unit.mac_index,
        machine_code_index=unit.machine_code_index,
    )
