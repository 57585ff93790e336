"""What a yes that is not taken gets, each with the way to it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.api.codes import ApiCode
from gateway.api.problem import Problem
from gateway.usecases.consent_giving import GivingRefusal, Silence

_CODES: Final[Mapping[GivingRefusal, ApiCode]] = MappingProxyType(
    {
        GivingRefusal.POLICY_NOT_ACKNOWLEDGED: ApiCode.POLICY_NOT_ACKNOWLEDGED,
        GivingRefusal.BY_ACKNOWLEDGEMENT: ApiCode.CONSENT_BY_ACKNOWLEDGEMENT,
        GivingRefusal.GUARDIAN_NEEDED: ApiCode.GUARDIAN_NEEDED,
        GivingRefusal.NOTICE_NEEDED: ApiCode.CONSENT_NOTICE_NEEDED,
        GivingRefusal.NOTICE_UNKNOWN: ApiCode.CONSENT_NOTICE_UNKNOWN,
        GivingRefusal.NOTICE_EXPIRED: ApiCode.CONSENT_NOTICE_EXPIRED,
        GivingRefusal.NOTICE_USED: ApiCode.CONSENT_NOTICE_USED,
        GivingRefusal.TEXT_CHANGED: ApiCode.CONSENT_TEXT_CHANGED,
        GivingRefusal.TOO_MANY: ApiCode.CONSENT_LIMIT,
    }
)
_Steps = Mapping[str, str]

_ACKNOWLEDGE: Final[_Steps] = MappingProxyType(
    {"show": "GET /v1/policies/current", "acknowledge": "POST /v1/policies/{version}/acknowledgement"}
)
_SHOW: Final[_Steps] = MappingProxyType(
    {"notice": "POST /v1/consents/{purpose}/notice", "grant": "PUT /v1/consents/{purpose}"}
)
_READ: Final[_Steps] = MappingProxyType({"show": "GET /v1/purposes", "grant": "PUT /v1/consents/{purpose}"})
_GUARDIAN: Final[_Steps] = MappingProxyType(
    {
        "code": "POST /v1/me/guardian-code",
        "link": "POST /v1/wards",
        "notice": "POST /v1/wards/{ward_id}/consents/{purpose}/notice",
        "grant": "PUT /v1/wards/{ward_id}/consents/{purpose}",
    }
)

_HOW: Final[Mapping[ApiCode, _Steps]] = MappingProxyType(
    {
        ApiCode.POLICY_NOT_ACKNOWLEDGED: _ACKNOWLEDGE,
        ApiCode.CONSENT_BY_ACKNOWLEDGEMENT: _ACKNOWLEDGE,
        ApiCode.GUARDIAN_NEEDED: _GUARDIAN,
        ApiCode.CONSENT_NOTICE_NEEDED: _SHOW,
        ApiCode.CONSENT_NOTICE_UNKNOWN: _SHOW,
        ApiCode.CONSENT_NOTICE_EXPIRED: _SHOW,
        ApiCode.CONSENT_NOTICE_USED: _SHOW,
        ApiCode.CONSENT_TEXT_CHANGED: _READ,
    }
)
"""The requests that lead on, in their order."""


def not_acknowledged() -> Problem:
    """Nothing begins before the policy was acknowledged."""
    return _problem(ApiCode.POLICY_NOT_ACKNOWLEDGED)


def refusal(refused: GivingRefusal | Silence) -> Problem:
    """The problem that a refusal becomes."""
    match refused:
        case Silence(until=until):
            at = None if until is None else until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return Problem(ApiCode.CONSENT_SILENCE, extra={"may_ask_at": at})
        case _:
            return _problem(_CODES[refused])


def _problem(code: ApiCode) -> Problem:
    how = _HOW.get(code)
    return Problem(code, extra={} if how is None else {"how": dict(how)})
