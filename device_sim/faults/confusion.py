"""What was told against what was caused: the confusion table and its few figures."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from device_sim.faults.table import LEFT_OUT, Fault

STAGE_SHARE: Final = 0.98
CODE_SHARE: Final = 0.90
SILENCE_SHARE: Final = 0.15
"""Below this, of the verdicts where somebody could have said something."""
CAUSED_SHARE: Final = 0.98
"""Of the faults that were to be caused. A run that caused fewer judges something else than its plan."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What support read."""

    stage: str
    code: str | None
    confidence: str
    silent: bool
    """It comes from nothing having been heard."""


@dataclass(frozen=True, slots=True)
class Result:
    """One home: its fault and what was read."""

    fault: Fault
    told: Reading | None
    """None: the fault could not be caused, or nothing at all was found."""
    problem: str | None = None
    """Why it could not be caused; a sentence without anybody's identifiers."""
    looked_up: int = 1
    """How many identifiers support had to ask for until there was a verdict with a code."""
    seconds: float = 0.0
    """From the fault to the verdict."""
    later: Reading | None = None
    """What was read once more at the end of the run."""

    @property
    def was_caused(self) -> bool:
        """Whether there is something to judge."""
        return self.problem is None

    @property
    def right_stage(self) -> bool:
        """The stage that was told is the one of the fault."""
        return self.told is not None and self.told.stage == self.fault.stage

    @property
    def right_code(self) -> bool:
        """The code that was told is that of the fault; none, where nobody can know one."""
        return self.told is not None and self.right_stage and self.told.code == self.fault.code

    @property
    def says_observed_wrongly(self) -> bool:
        """It was called observed, and nobody of ours saw it."""
        told = self.told
        return told is not None and told.confidence == "observed" and "observed" not in self.fault.confidences

    @property
    def right_confidence(self) -> bool:
        """It was told as sure as it may be."""
        return self.told is not None and self.told.confidence in self.fault.confidences

    @property
    def ended_in_silence(self) -> bool:
        """There was a source, and yet silence was the verdict."""
        return not self.fault.silent and (self.told is None or self.told.silent or self.told.code is None)


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of a run. Shares are None where there is nothing to divide."""

    homes: int
    caused: int
    stage_share: float | None
    code_share: float | None
    silence_share: float | None
    observed_wrongly: int
    confidence_share: float | None
    changed_later: int
    later_code_share: float | None
    """The right code when everything was read once more at the end of the run."""

    def missed(self) -> tuple[str, ...]:
        """A sentence for each threshold that was not reached."""
        missed: list[str] = []
        if self.caused < self.homes * CAUSED_SHARE:
            missed.append(f"only {self.caused} of {self.homes} faults could be caused")
        if self.stage_share is None or self.stage_share < STAGE_SHARE:
            missed.append(f"right stage {_percent(self.stage_share)}, {_percent(STAGE_SHARE)} wanted")
        if self.code_share is None or self.code_share < CODE_SHARE:
            missed.append(f"right code {_percent(self.code_share)}, {_percent(CODE_SHARE)} wanted")
        if self.silence_share is not None and self.silence_share >= SILENCE_SHARE:
            missed.append(f"silence {_percent(self.silence_share)}, less than {_percent(SILENCE_SHARE)} wanted")
        if self.observed_wrongly:
            missed.append(f"{self.observed_wrongly} verdicts called observed what nobody of ours saw")
        return tuple(missed)


def score(results: Sequence[Result]) -> Score:
    """The figures."""
    caused = [result for result in results if result.was_caused]
    sourced = [result for result in caused if not result.fault.silent]
    return Score(
        homes=len(results),
        caused=len(caused),
        stage_share=_share(result.right_stage for result in caused),
        code_share=_share(result.right_code for result in caused),
        silence_share=_share(result.ended_in_silence for result in sourced),
        observed_wrongly=sum(result.says_observed_wrongly for result in caused),
        confidence_share=_share(result.right_confidence for result in caused),
        changed_later=sum(result.later is not None and result.later != result.told for result in caused),
        later_code_share=_share(replace(result, told=result.later).right_code for result in caused),
    )


def confusion(results: Iterable[Result]) -> dict[str, Counter[str]]:
    """By fault: how often what was told. Rows in the order of the faults' stages."""
    rows: dict[str, Counter[str]] = {}
    for result in sorted(results, key=lambda one: (_ORDER.index(one.fault.stage), one.fault.name)):
        rows.setdefault(result.fault.name, Counter())[_told(result)] += 1
    return rows


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """Everything for a program."""
    by_name: Mapping[str, Fault] = {result.fault.name: result.fault for result in results}
    figures = score(results)
    return {
        "homes": figures.homes,
        "caused": figures.caused,
        "right_stage": figures.stage_share,
        "right_code": figures.code_share,
        "silence": figures.silence_share,
        "observed_wrongly": figures.observed_wrongly,
        "right_confidence": figures.confidence_share,
        "changed_later": figures.changed_later,
        "right_code_at_the_end": figures.later_code_share,
        "missed": list(figures.missed()),
        "table": [
            {"fault": name, "expected": by_name[name].expected, "told": dict(told)}
            for name, told in confusion(results).items()
        ],
        "problems": dict(Counter(result.problem for result in results if result.problem is not None)),
        "left_out": dict(LEFT_OUT),
    }


def as_text(results: Sequence[Result]) -> str:
    """The table for a person: a row for each fault; what was told besides the right code stands at its end."""
    rows = [("fault", "expected", "homes", "stage", "code", "as sure", "told instead")]
    for name, told in confusion(results).items():
        of_fault = [result for result in results if result.fault.name == name]
        fault = of_fault[0].fault
        others = [f"{what} x{many}" for what, many in told.most_common() if what != fault.expected]
        others += [f"as {what} x{many}" for what, many in _not_so_sure(of_fault).most_common()]
        rows.append(
            (
                name,
                fault.expected,
                str(len(of_fault)),
                str(sum(result.right_stage for result in of_fault)),
                str(sum(result.right_code for result in of_fault)),
                str(sum(result.right_confidence for result in of_fault)),
                ", ".join(others),
            )
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)]
    lines = [
        "  ".join((*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1])) for row in rows
    ]
    return "\n".join(line.rstrip() for line in (*lines, "", *_figures(results), "", *_left_out()))


def _not_so_sure(results: Iterable[Result]) -> Counter[str]:
    """Confidences of right codes that are not those which the fault allows."""
    return Counter(
        result.told.confidence
        for result in results
        if result.told is not None and result.right_code and not result.right_confidence
    )


def _figures(results: Sequence[Result]) -> list[str]:
    figures = score(results)
    asked = Counter(result.looked_up for result in results if result.was_caused)
    return [
        f"homes              {figures.homes}, caused {figures.caused}",
        f"right stage        {_percent(figures.stage_share)}   (wanted {_percent(STAGE_SHARE)})",
        f"right code         {_percent(figures.code_share)}   (wanted {_percent(CODE_SHARE)})",
        f"silence            {_percent(figures.silence_share)}   (wanted less than {_percent(SILENCE_SHARE)})",
        f"observed wrongly   {figures.observed_wrongly}",
        f"as sure as it may  {_percent(figures.confidence_share)}",
        f"changed later      {figures.changed_later}",
        f"right code at end  {_percent(figures.later_code_share)}",
        "identifiers asked  " + ", ".join(f"{many}: {asked[many]}" for many in sorted(asked)),
        *(f"not caused         {result.fault.name}: {result.problem}" for result in results if not result.was_caused),
    ]


def _left_out() -> list[str]:
    return ["codes that no fault causes:", *(f"  {code}: {reason}" for code, reason in LEFT_OUT.items())]


_ORDER: Final = ("pair", "wifi", "net", "tls", "claim", "act", "cert", "opconn", "bind", "first")


def _told(result: Result) -> str:
    if not result.was_caused:
        return "not caused"
    if result.told is None:
        return "nothing found"
    return result.told.code or f"{result.told.stage}, code unknown"


def _share(of: Iterable[bool]) -> float | None:
    values = list(of)
    return sum(values) / len(values) if values else None


def _percent(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.1%}"
