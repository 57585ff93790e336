"""What is there for staff reaches the repositories that it needs: not whereabouts, homes, rules or log-ins."""

import ast
from pathlib import Path

import pytest

import gateway

ROOT = Path(gateway.__file__).parent
FOR_STAFF = sorted(
    [
        *(ROOT / "usecases").glob("support*.py"),
        *(ROOT / "usecases").glob("staff*.py"),
        ROOT / "usecases" / "audit.py",
        *(ROOT / "console").rglob("*.py"),
    ]
)
EFFECTS = {"count", "emit"}
SUPPORT = {"support", "support_access", "attempts", "devices", "bindings", "states"}
"""`states` with the proof that the customer's appliance is open; `bindings` for whom an appliance serves."""
STAFF = {"staff", "staff_sessions", "audit"}
OFFICERS = {"requests", "incidents", "policies", "erasures", "retention"}


def reached(source: str) -> set[str]:
    """What of a transaction a module uses."""
    return {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tx"
    }


@pytest.mark.parametrize("path", FOR_STAFF, ids=lambda path: path.stem)
def test_what_is_for_staff_reaches_no_repository_but_these(path: Path) -> None:
    allowed = EFFECTS | SUPPORT | STAFF | (OFFICERS if path.is_relative_to(ROOT / "console") else set())
    assert reached(path.read_text(encoding="utf-8")) <= allowed


def test_a_module_that_reached_further_would_be_seen() -> None:
    assert reached("def f(tx): return tx.whereabouts.own(x), tx.support.unit(y)") == {"whereabouts", "support"}
    assert {"support", "attempts"} <= reached((ROOT / "usecases" / "support.py").read_text(encoding="utf-8"))
