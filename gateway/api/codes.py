"""Codes of problems that only HTTP has. Codes of an activation are the domain's; see `gateway.domain.failures`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final


@unique
class ApiCode(StrEnum):
    """What `code` of a problem may say besides a failure code. Never renamed, never used for something else."""

    MALFORMED = "http.malformed"
    VALIDATION = "http.validation"
    UNAUTHENTICATED = "http.unauthenticated"
    FORBIDDEN = "http.forbidden"
    NOT_FOUND = "http.not_found"
    METHOD_NOT_ALLOWED = "http.method_not_allowed"
    NOT_ACCEPTABLE = "http.not_acceptable"
    SLOW_REQUEST = "http.slow_request"
    CONFLICT = "http.conflict"
    GONE = "http.gone"
    PRECONDITION_FAILED = "http.precondition_failed"
    PAYLOAD_TOO_LARGE = "http.payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "http.unsupported_media_type"
    EXPECTATION_FAILED = "http.expectation_failed"
    PRECONDITION_REQUIRED = "http.precondition_required"
    RATE_LIMITED = "http.rate_limited"
    HEADERS_TOO_LARGE = "http.headers_too_large"
    INTERNAL = "http.internal"
    BUSY = "http.busy"
    UNAVAILABLE = "http.unavailable"
    STOPPING = "http.stopping"
    IDEMPOTENCY_CONFLICT = "http.idempotency_conflict"
    IDEMPOTENCY_RUNNING = "http.idempotency_running"

    NAME_TAKEN = "account.name_taken"
    LOGIN_REFUSED = "account.login_refused"
    REAUTHENTICATION_REFUSED = "account.reauthentication_refused"
    REFRESH_REFUSED = "session.refresh_refused"

    ERASURE_UNDER_WAY = "erasure.under_way"

    PAIRING_CLOSED = "pairing.closed"
    PAIRING_LIMIT = "pairing.limit"
    EVIDENCE_LIMIT = "pairing.evidence_limit"
    DEVICE_OFFLINE = "device_offline"
    COMMAND_NOT_ALLOWED = "command.not_allowed"
    COMMAND_INVALID = "command.invalid"
    COMMAND_FINISHED = "command.finished"
    COMMAND_LIMIT = "command.limit"
    POLICY_NOT_ACKNOWLEDGED = "policy_not_acknowledged"
    POLICY_WRONG_HASH = "policy.wrong_hash"
    POLICY_SUPERSEDED = "policy.superseded"
    CONSENT_BY_ACKNOWLEDGEMENT = "consent.by_acknowledgement"
    CONSENT_NOTICE_NEEDED = "consent.notice_needed"
    CONSENT_NOTICE_UNKNOWN = "consent.notice_unknown"
    CONSENT_NOTICE_EXPIRED = "consent.notice_expired"
    CONSENT_NOTICE_USED = "consent.notice_used"
    CONSENT_TEXT_CHANGED = "consent.text_changed"
    CONSENT_SILENCE = "consent.silence"
    CONSENT_LIMIT = "consent.limit"
    GUARDIAN_NEEDED = "guardian_needed"
    GUARDIAN_CODE_REFUSED = "guardian.code_refused"
    GUARDIAN_NOT_FOR_ACCOUNT = "guardian.not_for_account"
    CONSENT_REQUIRED = "consent_required"
    HOME_LIMIT = "home.limit"
    HOME_CODE_REFUSED = "home.code_refused"
    AUTOMATION_LIMIT = "automation.limit"
    AUTOMATION_NOT_ALLOWED = "automation.not_allowed"
    FIRING_OVER = "automation.firing_over"

    EXPORT_LIMIT = "export.limit"
    EXPORT_BEING_FETCHED = "export.being_fetched"
    REQUEST_LIMIT = "request.limit"
    REQUEST_OVER = "request.over"
    CLOSURE_BLOCKED = "closure.blocked"
    CLOSURE_UNCONFIRMED = "closure.unconfirmed"
    RECIPIENT_LIMIT = "recipient.limit"
    DISCLOSURE_LIMIT = "disclosure.limit"


@dataclass(frozen=True, slots=True)
class ApiFailure:
    """What is known of a code without its circumstances."""

    status: int
    title: str
    """One English sentence that is the same every time (RFC 9457, 3.1.3)."""
    retryable: bool = False
    """Sending the same request again, later, may succeed without anybody changing anything."""
    retry_after_s: int | None = None


_ROWS: Final[Mapping[ApiCode, ApiFailure]] = {
    ApiCode.MALFORMED: ApiFailure(400, "This is not a request that can be read."),
    ApiCode.VALIDATION: ApiFailure(422, "Some fields are not right; each is named under errors."),
    ApiCode.UNAUTHENTICATED: ApiFailure(401, "A valid access token is needed."),
    ApiCode.FORBIDDEN: ApiFailure(403, "This account may not do that."),
    ApiCode.NOT_FOUND: ApiFailure(404, "There is nothing here, or nothing that this account may see."),
    ApiCode.METHOD_NOT_ALLOWED: ApiFailure(
        405, "This method means nothing here; the Allow header names those that do."
    ),
    ApiCode.NOT_ACCEPTABLE: ApiFailure(406, "The answer does not exist in any form that was asked for."),
    ApiCode.SLOW_REQUEST: ApiFailure(408, "The request took too long to arrive.", retryable=True, retry_after_s=1),
    ApiCode.CONFLICT: ApiFailure(409, "This does not fit what is there now."),
    ApiCode.GONE: ApiFailure(410, "This is over and does not come back."),
    ApiCode.PRECONDITION_FAILED: ApiFailure(412, "Somebody changed this in the meantime; read it again."),
    ApiCode.PAYLOAD_TOO_LARGE: ApiFailure(413, "The body is larger than allowed."),
    ApiCode.UNSUPPORTED_MEDIA_TYPE: ApiFailure(415, "The body must be application/json, not compressed."),
    ApiCode.EXPECTATION_FAILED: ApiFailure(417, "The only expectation that is met is 100-continue."),
    ApiCode.PRECONDITION_REQUIRED: ApiFailure(428, "Send If-Match with the ETag that was read."),
    ApiCode.RATE_LIMITED: ApiFailure(429, "Too many requests; wait a little.", retryable=True, retry_after_s=1),
    ApiCode.HEADERS_TOO_LARGE: ApiFailure(431, "The headers are too long or too many."),
    ApiCode.INTERNAL: ApiFailure(500, "Something failed here; the trace id finds it.", retryable=True, retry_after_s=5),
    ApiCode.BUSY: ApiFailure(503, "Too much to do at the moment.", retryable=True, retry_after_s=2),
    ApiCode.UNAVAILABLE: ApiFailure(503, "The database is away; nothing was changed.", retryable=True, retry_after_s=5),
    ApiCode.STOPPING: ApiFailure(503, "This gateway is stopping.", retryable=True, retry_after_s=5),
    ApiCode.IDEMPOTENCY_CONFLICT: ApiFailure(422, "This Idempotency-Key was used for a different request."),
    ApiCode.IDEMPOTENCY_RUNNING: ApiFailure(
        409, "The first request with this Idempotency-Key is still running.", retryable=True, retry_after_s=1
    ),
    ApiCode.NAME_TAKEN: ApiFailure(409, "An account with this login name exists."),
    ApiCode.LOGIN_REFUSED: ApiFailure(
        401, "Login name and password do not fit, or there were too many tries for the moment."
    ),
    ApiCode.REAUTHENTICATION_REFUSED: ApiFailure(
        403, "The password does not fit, or there were too many tries for the moment."
    ),
    ApiCode.REFRESH_REFUSED: ApiFailure(401, "This refresh token is not valid; log in again."),
    ApiCode.ERASURE_UNDER_WAY: ApiFailure(
        409, "The erasure is still being carried out.", retryable=True, retry_after_s=15
    ),
    ApiCode.PAIRING_CLOSED: ApiFailure(409, "This pairing is over."),
    ApiCode.EVIDENCE_LIMIT: ApiFailure(409, "This pairing has had its eight reports."),
    ApiCode.PAIRING_LIMIT: ApiFailure(409, "Too many pairings are open; cancel one."),
    ApiCode.DEVICE_OFFLINE: ApiFailure(409, "The appliance is not connected.", retryable=True),
    ApiCode.COMMAND_NOT_ALLOWED: ApiFailure(403, "This appliance may not be told that now."),
    ApiCode.COMMAND_INVALID: ApiFailure(422, "This appliance has no such action, or not with these values."),
    ApiCode.COMMAND_FINISHED: ApiFailure(409, "This command has ended and cannot be cancelled."),
    ApiCode.COMMAND_LIMIT: ApiFailure(
        429, "Too many commands of this appliance are waiting.", retryable=True, retry_after_s=5
    ),
    ApiCode.POLICY_NOT_ACKNOWLEDGED: ApiFailure(403, "This account did not acknowledge the policy that counts now."),
    ApiCode.POLICY_WRONG_HASH: ApiFailure(409, "This is the hash of no text of that version of the policy."),
    ApiCode.POLICY_SUPERSEDED: ApiFailure(409, "A newer version of the policy counts; show that one."),
    ApiCode.CONSENT_BY_ACKNOWLEDGEMENT: ApiFailure(409, "This purpose is granted by acknowledging the policy."),
    ApiCode.CONSENT_NOTICE_NEEDED: ApiFailure(428, "This purpose needs the notice that was just shown."),
    ApiCode.CONSENT_NOTICE_UNKNOWN: ApiFailure(428, "No such notice was shown to this account for this purpose."),
    ApiCode.CONSENT_NOTICE_EXPIRED: ApiFailure(410, "The notice was shown more than ten minutes ago; show it again."),
    ApiCode.CONSENT_NOTICE_USED: ApiFailure(409, "The notice was used; show it again."),
    ApiCode.CONSENT_TEXT_CHANGED: ApiFailure(409, "This is not the text that counts now; show it again."),
    ApiCode.CONSENT_SILENCE: ApiFailure(409, "There was a no; the app does not ask again for six months."),
    ApiCode.CONSENT_LIMIT: ApiFailure(429, "This account said yes and no a hundred times within a day."),
    ApiCode.GUARDIAN_NEEDED: ApiFailure(403, "Somebody who is not of age needs their guardian's consent for this."),
    ApiCode.GUARDIAN_CODE_REFUSED: ApiFailure(403, "This code makes this account nobody's guardian."),
    ApiCode.GUARDIAN_NOT_FOR_ACCOUNT: ApiFailure(409, "This account is of age, or has a guardian already."),
    ApiCode.CONSENT_REQUIRED: ApiFailure(403, "This needs a consent that was not given; nothing was stored."),
    ApiCode.HOME_LIMIT: ApiFailure(409, "There are enough homes, members or invitations already."),
    ApiCode.HOME_CODE_REFUSED: ApiFailure(404, "This code joins no home: it was used, has expired, or never was one."),
    ApiCode.AUTOMATION_LIMIT: ApiFailure(409, "This account has as many rules as it may have."),
    ApiCode.AUTOMATION_NOT_ALLOWED: ApiFailure(422, "A rule may not do that with this appliance."),
    ApiCode.FIRING_OVER: ApiFailure(409, "This is over; there is nothing left to take back."),
    ApiCode.EXPORT_LIMIT: ApiFailure(429, "So many copies were asked for today already.", retryable=True),
    ApiCode.EXPORT_BEING_FETCHED: ApiFailure(409, "This copy is being fetched now.", retryable=True),
    ApiCode.REQUEST_LIMIT: ApiFailure(409, "So many requests wait for an answer already; take one back, or wait."),
    ApiCode.REQUEST_OVER: ApiFailure(409, "This request has its answer."),
    ApiCode.CLOSURE_BLOCKED: ApiFailure(409, "Something has to be settled first; each is named under blockers."),
    ApiCode.CLOSURE_UNCONFIRMED: ApiFailure(403, "This token does not confirm a closure, or not any more."),
    ApiCode.RECIPIENT_LIMIT: ApiFailure(409, "This account has as many recipients as it may; take one away."),
    ApiCode.DISCLOSURE_LIMIT: ApiFailure(
        409, "Too much for one sending, or so many wait already.", retryable=True, retry_after_s=60
    ),
}

CATALOGUE: Final[Mapping[ApiCode, ApiFailure]] = MappingProxyType({code: _ROWS[code] for code in ApiCode})
"""Every code of the API; looking all of them up here makes a forgotten row fail at import."""
