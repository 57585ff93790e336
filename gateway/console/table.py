"""Every route of the console and the one action that it needs. A route that is not here does not exist."""

from typing import Final

from gateway.console.pages import (
    attempts,
    audit_rows,
    break_glass,
    checks,
    customers,
    figures,
    log_in,
    look_up,
    staff,
)
from gateway.console.routes import Open, Route
from gateway.domain.staff import Action

ROUTES: Final = (
    Route("GET", "/log-in", Open.EVERYBODY, log_in.show_log_in),
    Route("POST", "/log-in", Open.EVERYBODY, log_in.log_in, costs_password=True),
    Route("POST", "/language", Open.EVERYBODY, log_in.set_language),
    Route("POST", "/log-out", Open.STAFF, log_in.log_out),
    Route("GET", "/account", Open.STAFF, log_in.show_account),
    Route("GET", "/", Open.STAFF, look_up.show_home),
    Route("GET", "/codes", Open.STAFF, figures.show_codes),
    Route("GET", "/codes/{digits}", Open.STAFF, figures.show_code),
    # Traces (READ_TRACE) are looked up here too; the page asks for that action once it has read the words.
    Route("POST", "/look-up", Action.VIEW_UNIT, look_up.show_found),
    Route("GET", "/look-up", Open.STAFF, look_up.go_home),
    Route("GET", "/attempts/{attempt_id}", Action.VIEW_ATTEMPT, attempts.show_attempt),
    Route("GET", "/attempts/{attempt_id}/changes", Action.VIEW_ATTEMPT, attempts.tell_changes),
    Route("POST", "/check", Action.RUN_CHECK, checks.show_check),
    Route("GET", "/check", Open.STAFF, look_up.go_home),
    Route("GET", "/funnel", Action.VIEW_FUNNEL, figures.show_funnel),
    Route("GET", "/customers", Action.LIST_GRANTS, customers.show_customers),
    Route("POST", "/customers", Action.USE_CODE, customers.open_customer),
    Route("GET", "/customers/{grant_id}", Action.VIEW_CUSTOMER, customers.show_customer),
    Route("POST", "/customers/{grant_id}/end", Action.END_GRANT, customers.end_customer),
    Route("POST", "/break-glass", Action.ASK_BREAK_GLASS, break_glass.ask),
    Route("POST", "/break-glass/{glass_id}/decision", Action.APPROVE_BREAK_GLASS, break_glass.decide),
    Route("POST", "/break-glass/{glass_id}/review", Action.REVIEW_BREAK_GLASS, break_glass.review),
    Route("GET", "/audit", Action.READ_AUDIT, audit_rows.show_audit),
    Route("GET", "/staff", Action.LIST_STAFF, staff.show_staff),
    Route("POST", "/staff", Action.MANAGE_STAFF, staff.create_staff, costs_password=True),
    Route("POST", "/staff/{staff_id}/authenticator", Action.MANAGE_STAFF, staff.reset_authenticator),
    Route("POST", "/staff/{staff_id}/roles", Action.MANAGE_STAFF, staff.change_roles),
    Route("POST", "/staff/{staff_id}/disabled", Action.MANAGE_STAFF, staff.disable_staff),
)
