"""From evidence to a verdict: how far it came, why it stopped there, how sure that is, and who disagrees.

Pure: the same lines give the same verdict in whatever order they arrived. The rules, in this order:

1. The latest stage reached counts. To be bound counts only once the appliance has connected with its own certificate:
   a token may bind it while it still activates.
2. At that stage and beyond, a failure counts before mere presence; of several, the one of the latest stage, then of the
   surest source, then the latest word. A code goes when the appliance is seen to have gone on, and by nothing else.
3. A failure at a stage that was already behind counts if it is newer than the last step forward and somebody of ours
   saw it, or if nothing was heard since: it explains the silence better than the silence itself.
4. Silence counts last, and not at all once there was a sign of life after it; nor does what only explained it.
5. "Wrong password" is said only after three equal results with a good signal, and never against a phone that joined
   the same network with the same password.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.domain.evidence import APP_JOINED, WEAK_SIGNAL, Confidence, Evidence, Source
from gateway.domain.failures import Code, Stage

EQUAL_RESULTS: Final = 3
"""So often an access point must have refused a password before it is called wrong."""
SAME_MOMENT: Final = timedelta(seconds=2)
"""Two lines of one source and code that lie closer are one result told twice (a memory is handed over repeatedly)."""

PASSED_BY_BEING_SEEN: Final = frozenset({Stage.OPCONN, Stage.BIND, Stage.FIRST})
"""Whoever is seen here has not only come here but through: an older failure of the stage is history."""

_HEAR_THE_NETWORK: Final = frozenset({Source.APPLIANCE, Source.LOCAL_LINK})
"""Who can say how the appliance hears its access point."""

REMARKS: Final = frozenset({Code.FIRST_SCHEMA_MISMATCH, Code.FIRST_CLOCK_SKEW, Code.FIRST_REMOTE_OFF})
"""Not failures: it works, and something about it is worth saying. They explain a silence where there is one."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two lines that cannot both be the whole truth. Shown side by side, never resolved silently."""

    first: Evidence
    """The one that the verdict follows."""
    second: Evidence


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence comes to."""

    stage: Stage
    """With a code: where it failed. Without: the latest stage at which it was seen."""
    code: Code | None
    confidence: Confidence
    contradictions: tuple[Contradiction, ...] = ()
    silent: bool = False
    """Nothing more was heard by the stage's deadline."""

    @property
    def fails(self) -> bool:
        """True when the attempt stopped here, for a reason or in silence."""
        return self.code is not None or self.silent


def verdict(evidence: Sequence[Evidence]) -> Verdict:
    """The verdict on these lines, in whatever order they come. Without any: the first stage, and nothing known."""
    lines = sorted(evidence, key=_order)
    signs = [line for line in lines if line.is_sign]
    failures = [line for line in lines if line.code is not None and not line.is_silence and line.code not in REMARKS]
    reached = stage_reached(lines)
    here = [line for line in signs if line.stage is reached]
    silence = _silence(lines)
    chosen = _failure(failures, reached, here, silent=silence is not None)
    if chosen is not None:
        return _failed(lines, chosen)
    remark = _surest(line for line in lines if line.code in REMARKS)
    if remark is not None and (reached is Stage.FIRST or (silence is not None and reached is Stage.BIND)):
        return Verdict(Stage.FIRST, remark.code, remark.confidence, silent=silence is not None)
    if silence is not None:
        if silence.code is None or silence.stage is None or silence.stage.digit < reached.digit:
            return Verdict(reached, None, Confidence.UNKNOWN, silent=True)
        return Verdict(silence.stage, silence.code, Confidence.INFERRED, silent=True)
    confidence = min((line.confidence for line in here), key=lambda one: one.rank, default=Confidence.UNKNOWN)
    return Verdict(reached, None, confidence)


def stage_reached(evidence: Iterable[Evidence]) -> Stage:
    """The latest stage at which it was seen; failures and silence move nobody forward."""
    seen = {line.stage for line in evidence if line.stage is not None and line.is_sign}
    if Stage.BIND in seen and not seen & {Stage.OPCONN, Stage.FIRST}:
        # A token that came with the activation: it is bound, and has not yet connected as itself.
        seen = (seen - {Stage.BIND}) | {Stage.CERT}
    return max(seen, key=lambda stage: stage.digit, default=Stage.PAIR)


def _order(line: Evidence) -> tuple[datetime, tuple[str, ...], int, bool]:
    """A total order by moment, so that two lines of one moment do not depend on which came first."""
    code = "" if line.code is None else line.code.value
    stage = "" if line.stage is None else line.stage.value
    words = (code, stage, line.source.value, line.says, line.raw_code or "", line.detail or "")
    return line.at, words, line.times, line.probable


def _silence(lines: Sequence[Evidence]) -> Evidence | None:
    """The last silence, unless the appliance was seen after it. A failure after it does not end it, but explains it."""
    silence = next((line for line in reversed(lines) if line.is_silence), None)
    if silence is None:
        return None
    return None if any(line.at >= silence.at and line.is_sign for line in lines) else silence


def _failure(
    failures: Sequence[Evidence], reached: Stage, here: Sequence[Evidence], *, silent: bool
) -> Evidence | None:
    """The failure that counts, if any."""
    last_step = max((line.at for line in here), default=None)
    at_or_beyond = [
        line
        for line in failures
        if _stage(line) > reached.digit or (_stage(line) == reached.digit and not _is_behind(line, last_step))
    ]
    if at_or_beyond:
        latest = max(_stage(line) for line in at_or_beyond)
        return _surest(line for line in at_or_beyond if _stage(line) == latest)
    return _surest(
        line
        for line in failures
        if _stage(line) < reached.digit
        and (last_step is None or line.at > last_step)
        and (silent or line.confidence is Confidence.OBSERVED)
    )


def _is_behind(failure: Evidence, last_step: datetime | None) -> bool:
    return last_step is not None and failure.stage in PASSED_BY_BEING_SEEN and failure.at < last_step


def _stage(line: Evidence) -> int:
    return -1 if line.stage is None else line.stage.digit


def _surest(lines: Iterable[Evidence]) -> Evidence | None:
    """The line of the surest source; of equals the latest."""
    best: Evidence | None = None
    for line in lines:
        if best is None or line.confidence.rank <= best.confidence.rank:
            best = line
    return best


def _failed(lines: Sequence[Evidence], chosen: Evidence) -> Verdict:
    stage = chosen.stage or Stage.PAIR
    code, against = chosen.code, [line for line in lines if _disagrees(line, chosen)]
    if code is Code.WIFI_PASSWORD_REJECTED:
        joined = [line for line in lines if line.says == APP_JOINED and line.source is Source.APP]
        against.extend(joined)
        weak = any(line.says == WEAK_SIGNAL and line.source in _HEAR_THE_NETWORK for line in lines)
        if joined or weak or equal_results(lines, code) < EQUAL_RESULTS:
            code = Code.WIFI_PASSWORD_SUSPECT
    # Said again it is no second contradiction: of one source and code the latest word.
    words = {(other.source, other.code): other for other in against}
    return Verdict(stage, code, chosen.confidence, tuple(Contradiction(chosen, other) for other in words.values()))


def _disagrees(line: Evidence, chosen: Evidence) -> bool:
    """Another code for the same stage from another source."""
    return (
        line.stage is chosen.stage
        and line.code is not None
        and line.code is not chosen.code
        and line.source is not chosen.source
        and not line.is_silence
        and line.code not in REMARKS
    )


def equal_results(lines: Iterable[Evidence], code: Code) -> int:
    """How often one source had this result. Sources are not added up: they may speak of the same tries."""
    counted: dict[str, tuple[int, datetime]] = {}
    for line in sorted((line for line in lines if line.code is code), key=_order):
        many, last = counted.get(line.source, (0, None))
        if last is not None and line.at - last < SAME_MOMENT:
            counted[line.source] = (max(many, line.times), last)
        else:
            counted[line.source] = (many + line.times, line.at)
    return max((many for many, _ in counted.values()), default=0)
