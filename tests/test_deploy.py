"""Dashboards and alert rules, held against the metrics that a gateway has and the runbook that they link to."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]

from gateway.domain.attempts import Outcome
from gateway.domain.pairing import PairingState
from gateway.observability.metrics import LABELS, Metrics
from gateway.protocol.topics import UpChannel
from gateway.usecases.repositories.retention import RetentionClass
from gateway.usecases.requests import ALARM_NAMES

ROOT: Final = Path(__file__).parent.parent
BOARDS: Final = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
ALERTS: Final = ROOT / "deploy" / "alerts.yml"
RUNBOOK: Final = ROOT / "docs" / "runbook.md"

SCRAPED: Final = frozenset({"job", "instance"})
"""Labels that Prometheus adds itself: one of ours of the same name would become `exported_job`."""
WORDS: Final = frozenset(
    {
        *("sum", "min", "max", "count", "rate", "increase", "absent", "topk", "histogram_quantile", "clamp_min"),
        *("and", "or", "unless"),
    },
)
STRUCTURE: Final = {"(": ")", "[": "]", "{": "}"}
VALUES: Final = {
    ("hearthgate_activation_attempts_total", "outcome"): {"silent", *Outcome} - {Outcome.OPEN},
    ("hearthgate_pairings_total", "outcome"): set(PairingState),
    ("hearthgate_retention_oldest_age_seconds", "class"): set(RetentionClass),
    ("hearthgate_messages_dropped_total", "reason"): {"fault", "too_many", "database"},
    ("hearthgate_messages_dropped_total", "channel"): {"broker_log"},
    ("hearthgate_http_requests_total", "status"): {"500"},
    ("hearthgate_request_alarms_total", "state"): set(ALARM_NAMES),
}
"""Values by which something is chosen, and which of them can occur."""


def series() -> dict[str, set[str]]:
    """Every name that a scrape can bring, with its labels."""
    found: dict[str, set[str]] = {}
    for metric in Metrics().registry.collect():
        collector = Metrics().registry._names_to_collectors[_any_name(metric.name, metric.type)]
        labels = set(getattr(collector, "_labelnames", ()))
        match metric.type:
            case "counter":
                found[f"{metric.name}_total"] = labels
            case "histogram":
                found |= {f"{metric.name}_{part}": labels for part in ("sum", "count")}
                found[f"{metric.name}_bucket"] = labels | {"le"}
            case _:
                found[metric.name] = labels
    return found


def _any_name(name: str, kind: str) -> str:
    return {"counter": f"{name}_total", "histogram": f"{name}_bucket"}.get(kind, name)


KNOWN: Final = series()


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[tuple[str, str]]:
    """Every query, and what it is of."""
    found = [(rule["alert"], rule["expr"]) for rule in rules()]
    for path in BOARDS:
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            found += [(f"{path.stem}: {panel['title']}", target["expr"]) for target in panel["targets"]]
    return found


def problems(expression: str) -> list[str]:
    """What is wrong with a query: unknown names, labels or values, and what does not close."""
    found = []
    open_: list[str] = []
    for letter in re.sub(r'"[^"]*"', '""', expression):
        if letter in STRUCTURE:
            open_.append(STRUCTURE[letter])
        elif letter in STRUCTURE.values() and (not open_ or open_.pop() != letter):
            found.append(f"a {letter} too many")
    found += [f"no {letter}" for letter in open_]
    used: set[str] = set()
    for name, _, chosen in re.findall(r"(hearthgate_[a-z_]+)(\{([^}]*)\})?", expression):
        if name not in KNOWN:
            found.append(f"no metric {name}")
            continue
        used |= KNOWN[name]
        for label, values in re.findall(r'([a-z_]+)=~?"([^"]*)"', chosen):
            if label not in KNOWN[name]:
                found.append(f"{name} has no label {label}")
            elif unknown := set(values.split("|")) - VALUES.get((name, label), set()):
                found.append(f"{name} has no {label} {unknown}")
    for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
        unknown_labels = {label.strip() for label in grouped.split(",")} - used - SCRAPED
        found += [f"nothing has a label {label}" for label in unknown_labels]
    bare = re.sub(r"hearthgate_[a-z_]+|\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)|\d+[smhd]?", "", expression)
    found += [f"no function {word}" for word in set(re.findall(r"[a-z_]+", bare)) - WORDS]
    return found


@pytest.mark.parametrize(("of", "expression"), expressions(), ids=lambda value: value[:40])
def test_every_query_names_what_exists_and_closes_what_it_opens(of: str, expression: str) -> None:
    assert problems(expression) == [], of


@pytest.mark.parametrize(
    "expression",
    [
        "sum(rate(hearthgate_activation_attempt_total[5m]))",
        "sum(rate(hearthgate_commands_total[5m])",
        "sum(rate(hearthgate_commands_total[5m])))",
        "sum by (stage) (hearthgate_commands_total)",
        'hearthgate_activation_attempts_total{outcome="silence"}',
        'hearthgate_activation_attempts_total{code="303"}',
        "summ(hearthgate_commands_total)",
        "hearthgate_database_commit_duration_seconds",
    ],
)
def test_a_query_with_a_mistake_is_noticed(expression: str) -> None:
    assert problems(expression)


FIRST: Final = re.compile(r"increase\((hearthgate_[a-z_]+)(?:\{([^}]*)\})?\[[^\]]+\]\)\)? > 0(?![.\d])")
"""What an alert says of a series whose first increment already tells."""


def waited_for() -> list[tuple[str, str, dict[str, str]]]:
    """Alert, metric and chosen labels of every series whose first increment an alert tells."""
    return [
        (rule["alert"], name, dict(re.findall(r'([a-z_]+)="([^"]*)"', chosen)))
        for rule in rules()
        for name, chosen in FIRST.findall(rule["expr"])
    ]


@pytest.mark.parametrize(("alert", "name", "chosen"), waited_for())
def test_what_an_alert_tells_at_the_first_time_is_in_a_fresh_scrape_at_zero(
    alert: str, name: str, chosen: dict[str, str]
) -> None:
    metrics = Metrics()
    metrics.expect("GET", "/v1/devices")  # as each application does for its routes
    samples = [one for metric in metrics.registry.collect() for one in metric.samples if one.name == name]
    found = [one for one in samples if chosen.items() <= one.labels.items()]
    assert found, alert
    assert {one.value for one in found} == {0.0}


def test_every_alert_of_a_first_time_was_looked_at() -> None:
    asked = {rule["alert"] for rule in rules() if re.search(r"increase\(.*> 0(?![.\d])", rule["expr"], re.DOTALL)}
    assert asked == {alert for alert, _, _ in waited_for()}


def test_the_fault_of_ours_is_told_whichever_of_its_two_metrics_has_it() -> None:
    (expression,) = (rule["expr"] for rule in rules() if rule["alert"] == "HearthgateFaultOfOurs")
    # A sum of two vectors is empty when one is; `or` keeps the left one even at 0, so each is compared for itself.
    assert "+" not in expression
    assert [bool(re.search(r"> 0\s*$", part)) for part in expression.split(" or ")] == [True, True]


def test_every_channel_that_a_fault_can_be_counted_on_is_in_a_fresh_scrape() -> None:
    (metric,) = (one for one in Metrics().registry.collect() if one.name == "hearthgate_messages_dropped")
    shown = {one.labels["channel"] for one in metric.samples if one.labels["reason"] == "fault"}
    assert shown == {"claim", "unknown", *UpChannel}


def test_no_label_of_ours_is_one_of_prometheus() -> None:
    assert not LABELS & SCRAPED


def test_every_alert_links_to_its_section_of_the_runbook_and_every_section_has_an_alert() -> None:
    linked = [rule["annotations"]["runbook_url"] for rule in rules()]
    assert all(url.startswith("docs/runbook.md#") for url in linked)
    titles = re.findall(r"^## (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    # GitHub's way to an anchor: lower case, blanks to hyphens, nothing else but letters, digits and hyphens.
    anchors = [re.sub(r"[^a-z0-9-]", "", title.lower().replace(" ", "-")) for title in titles]
    assert sorted(url.partition("#")[2] for url in linked) == sorted(anchors)


def test_every_alert_is_complete() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_a_dashboard_asks_whatever_prometheus_it_is_given_and_has_its_panels_side_by_side(path: Path) -> None:
    board = json.loads(path.read_text(encoding="utf-8"))
    assert [one["type"] for one in board["templating"]["list"]] == ["datasource"]
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["datasource"]["uid"] == "${datasource}"
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_both_dashboards_are_there() -> None:
    assert [path.stem for path in BOARDS] == ["activation", "operation"]
