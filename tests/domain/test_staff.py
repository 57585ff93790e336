"""Roles, names and sessions of staff."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.staff import (
    ALLOWED,
    IDLE_LIFE,
    LONGEST_LIFE,
    Action,
    BadStaffName,
    Staff,
    StaffId,
    StaffRole,
    StaffSession,
    acting_role,
    admits,
    may,
    normal_staff_name,
    used,
    wrong_together,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ADA = Staff(StaffId("w-1"), b"index", b"name", frozenset({StaffRole.AGENT}), NOW, b"secret")
SESSION = StaffSession(b"digest", ADA.staff_id, NOW, NOW)

V, A, L, E, P, U, D = StaffRole
MATRIX = {
    Action.LOG_IN: {V, A, L, E, P, U, D},
    Action.LOG_OUT: {V, A, L, E, P, U, D},
    Action.VIEW_UNIT: {V, A, L, E},
    Action.VIEW_FUNNEL: {V, A, L, E},
    Action.RUN_CHECK: {A, L, E},
    Action.READ_TRACE: {A, L, E},
    Action.VIEW_ATTEMPT: {A, L, E},
    Action.USE_CODE: {A, L},
    Action.VIEW_CUSTOMER: {A, L},
    Action.ASK_BREAK_GLASS: {A, L},
    Action.APPROVE_BREAK_GLASS: {L},
    Action.REVIEW_BREAK_GLASS: {L, P},
    Action.LIST_GRANTS: {A, L, P},
    Action.END_GRANT: {A, L},
    Action.HANDLE_REQUESTS: {P},
    Action.HANDLE_INCIDENTS: {P},
    Action.SEE_CONSENTS: {P},
    Action.SEE_PROCESSING: {P},
    Action.READ_AUDIT: {U},
    Action.LIST_STAFF: {D},
    Action.MANAGE_STAFF: {D},
    Action.CHANGE_SETTINGS: {D},
    Action.RESTORE_BACKUP: set(),
}
"""Written out once more, by hand: the table in the domain must be changed in two places to change at all."""


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", StaffRole)
def test_a_role_may_what_the_matrix_says_and_nothing_else(role: StaffRole, action: Action) -> None:
    assert may(role, action) == (role in MATRIX[action])


def test_every_role_and_every_action_is_in_the_table() -> None:
    assert set(ALLOWED) == set(StaffRole)
    assert set(MATRIX) == set(Action)


def test_nobody_decides_on_roles_and_sees_customers() -> None:
    for role in StaffRole:
        assert not (may(role, Action.MANAGE_STAFF) and may(role, Action.VIEW_CUSTOMER))
        assert not (
            may(role, Action.READ_AUDIT) and (ALLOWED[role] - {Action.LOG_IN, Action.LOG_OUT}) != {Action.READ_AUDIT}
        )


@pytest.mark.parametrize(
    ("roles", "action", "role"),
    [
        ({A, L}, Action.VIEW_CUSTOMER, A),
        ({A, L}, Action.APPROVE_BREAK_GLASS, L),
        ({L, V}, Action.VIEW_UNIT, V),
        ({V}, Action.VIEW_CUSTOMER, None),
        (set(), Action.LOG_IN, None),
    ],
)
def test_the_least_role_that_suffices_is_the_one_that_counts(
    roles: set[StaffRole], action: Action, role: StaffRole | None
) -> None:
    assert acting_role(roles, action) is role


@pytest.mark.parametrize("alone", [U, D])
def test_auditor_and_admin_go_with_no_other_role(alone: StaffRole) -> None:
    assert wrong_together({alone}) is None
    for other in set(StaffRole) - {alone}:
        assert wrong_together({alone, other}) is not None


def test_other_roles_go_together_but_not_none() -> None:
    assert wrong_together({V, A, L, E, P}) is None
    assert wrong_together(()) is not None


@pytest.mark.parametrize(
    ("text", "name"), [(" Ada ", "ada"), ("\uff21\uff24\uff21", "ada"), ("a.b-c_d@e+f", "a.b-c_d@e+f")]
)
def test_a_name_has_one_form(text: str, name: str) -> None:
    assert normal_staff_name(text) == name


@pytest.mark.parametrize("text", ["", "a", "a" * 65, "a b", "a\0b", "a\u202eb", "ada\n\nb"])
def test_what_is_no_name_is_told_why(text: str) -> None:
    assert isinstance(normal_staff_name(text), BadStaffName)


def test_a_session_ends_when_nobody_uses_it() -> None:
    assert admits(SESSION, ADA, NOW + IDLE_LIFE - timedelta(seconds=1))
    assert not admits(SESSION, ADA, NOW + IDLE_LIFE)


def test_a_session_ends_however_busy() -> None:
    session, now = SESSION, NOW
    while now < NOW + LONGEST_LIFE:
        assert admits(session, ADA, now)
        session, now = used(session, now), now + timedelta(minutes=20)
    assert not admits(session, ADA, now)
    assert session.ends_at == NOW + LONGEST_LIFE


def test_use_is_noted_once_a_minute() -> None:
    assert used(SESSION, NOW + timedelta(seconds=59)) is SESSION
    assert used(SESSION, NOW + timedelta(seconds=60)).used_at == NOW + timedelta(seconds=60)


def test_a_session_that_ended_or_of_somebody_else_or_of_who_left_opens_nothing() -> None:
    assert not admits(replace(SESSION, ended_at=NOW), ADA, NOW)
    assert not admits(SESSION, replace(ADA, staff_id=StaffId("w-2")), NOW)
    assert not admits(SESSION, replace(ADA, disabled_at=NOW), NOW)


def test_a_clock_that_was_set_back_does_not_prolong_a_session() -> None:
    assert not admits(SESSION, ADA, NOW - timedelta(hours=1))
