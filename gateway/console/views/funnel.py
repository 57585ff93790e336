"""The funnel as figures and bars."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.console.words import say
from gateway.domain.failure_texts import Language, stage_name, text_of
from gateway.domain.failures import CATALOGUE
from gateway.domain.funnel import Funnel, Share

NOTHING: Final = "–"  # noqa: RUF001 - a dash, as in the templates


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure by itself."""

    name: str
    value: str
    of: str = ""
    """What it is a share of."""


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage."""

    digit: int
    name: str
    reached: int
    share: float
    """Of all attempts, 0 to 1."""
    percent: str
    failed: int
    median: str
    p95: str


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One frequent failure."""

    digits: str
    title: str
    type_id: str
    firmware: str
    app_version: str
    many: int
    share: float
    """Of the most frequent one, 0 to 1."""


@dataclass(frozen=True, slots=True)
class FunnelView:
    """Everything that the funnel's template needs."""

    since: datetime
    until: datetime
    figures: tuple[Figure, ...]
    stages: tuple[StageRow, ...]
    codes: tuple[CodeRow, ...]


def funnel_view(funnel: Funnel, language: Language) -> FunnelView:
    """The funnel in a language."""
    return FunnelView(
        funnel.since, funnel.until, _figures(funnel, language), _stages(funnel, language), _codes(funnel, language)
    )


def _figures(funnel: Funnel, language: Language) -> tuple[Figure, ...]:
    counts = {
        "funnel_attempts": str(funnel.attempts),
        "funnel_succeeded": str(funnel.succeeded),
        "funnel_failed": str(funnel.failed),
        "funnel_open": str(funnel.open),
    }
    shares = {"funnel_first_try": funnel.first_try, "funnel_silent": funnel.silent}
    return (
        *(Figure(say(language, name), value) for name, value in counts.items()),
        *(_share(name, share, language) for name, share in shares.items()),
    )


def _stages(funnel: Funnel, language: Language) -> tuple[StageRow, ...]:
    rows = []
    for one in funnel.stages:
        share = one.reached / funnel.attempts if funnel.attempts else 0.0
        spread = one.spread
        rows.append(
            StageRow(
                digit=one.stage.digit,
                name=stage_name(one.stage, language),
                reached=one.reached,
                share=share,
                percent=_percent(share),
                failed=one.failed,
                median=NOTHING if spread is None else say(language, "seconds", seconds=f"{spread.median_s:.1f}"),
                p95=NOTHING if spread is None else say(language, "seconds", seconds=f"{spread.p95_s:.1f}"),
            )
        )
    return tuple(rows)


def _codes(funnel: Funnel, language: Language) -> tuple[CodeRow, ...]:
    most = max((one.many for one in funnel.top_codes), default=1)
    unknown = say(language, "nobody_knows")
    return tuple(
        CodeRow(
            digits=CATALOGUE[one.code].digits,
            title=text_of(one.code, language).title,
            type_id=one.type_id or unknown,
            firmware=one.firmware or unknown,
            app_version=one.app_version or unknown,
            many=one.many,
            share=one.many / most,
        )
        for one in funnel.top_codes
    )


def _share(name: str, share: Share, language: Language) -> Figure:
    ratio = share.ratio
    if ratio is None:
        return Figure(say(language, name), NOTHING)
    of = say(language, "of_whole", part=share.part, whole=share.whole)
    return Figure(say(language, name), _percent(ratio), of)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
