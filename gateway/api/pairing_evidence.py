"""`POST /v1/pairings/{id}/evidence`: what the app saw when an appliance would not come. No name of any network."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from gateway.api.answer import Answer
from gateway.api.call import Call
from gateway.api.codes import ApiCode
from gateway.api.models import RequestModel, ResponseModel
from gateway.api.pairings import FailureCode, FailureNumber, PairingPath, TraceId
from gateway.api.problem import Problem
from gateway.api.routes import Reply, Route
from gateway.domain.app_reports import ENTRIES_AT_MOST, NETWORKS_AT_MOST, Heard, Report, Told
from gateway.domain.attempts import Attempt
from gateway.domain.evidence import Source
from gateway.domain.failures import CATALOGUE, Retry
from gateway.domain.identity import PairingId
from gateway.usecases import app_evidence
from gateway.usecases.app_evidence import NotTaken
from gateway.usecases.transaction import Transaction

BODY_AT_MOST: Final = 16 * 1024

Band = Literal["2.4", "5", "6"]
Security = Literal["open", "wep", "wpa", "wpa2", "wpa2_wpa3", "wpa3", "owe", "enterprise", "unknown"]
Rssi = Annotated[int, Field(ge=-128, le=20, description="dBm")]
Milliseconds = Annotated[int, Field(ge=0, le=86_400_000)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
_SOURCES: Final = {"app": Source.APP, "appliance": Source.LOCAL_LINK}


class EvidenceEntry(RequestModel):
    """One thing that happened: a stage that was reached, or with a code a failure at it."""

    source: Literal["app", "appliance"] = Field(
        default="app", description="`appliance`: what it told the app over the local link"
    )
    stage: Name = Field(description="pair, wifi or net; with a code any of the ten", examples=["wifi"])
    code: str | None = Field(
        default=None,
        pattern=r"^[0-9A-Za-z][0-9A-Za-z._:-]{0,47}$",
        description="Ours (`wifi.password_rejected`, `password_rejected`, `102`), or the Wi-Fi module's name",
        examples=["auth_fail"],
    )
    count: int = Field(default=1, ge=1, le=65_535, description="Equal results in a row")
    ago_ms: Milliseconds = Field(default=0, description="How long ago it happened last")


class NetworkHeard(RequestModel):
    """A network that the phone hears. Never its name."""

    band: Band
    security: Security
    rssi: Rssi
    chosen: bool = Field(default=False, description="The one that the appliance is to join")


class ApplianceRadio(RequestModel):
    """How the appliance hears its access point, as it told the app."""

    rssi: Rssi | None = None
    security: Security | None = None
    band: Band | None = None


class Permissions(RequestModel):
    """What the phone lets the app do."""

    bluetooth: bool | None = None
    location: bool | None = None
    local_network: bool | None = None


class Timings(RequestModel):
    """How long each part took, milliseconds."""

    local_link_ms: Milliseconds | None = None
    handed_over_ms: Milliseconds | None = None
    joined_ms: Milliseconds | None = None


class Probes(RequestModel):
    """What the phone could reach from the Wi-Fi that the appliance is to use."""

    tcp_8883: Literal["ok", "refused", "timeout", "unreachable"] | None = None
    tcp_443: Literal["ok", "refused", "timeout", "unreachable"] | None = None
    http: Literal["ok", "portal", "failed"] | None = None
    dns: Literal["ok", "failed", "wrong"] | None = Field(default=None, description="Resolving this gateway's name")


class PairingEvidence(RequestModel):
    """What the app saw. Everything is optional, nothing may be empty altogether."""

    app_version: str | None = Field(default=None, pattern=r"^[0-9A-Za-z][0-9A-Za-z.+_-]{0,31}$", examples=["3.2.0"])
    entries: list[EvidenceEntry] = Field(default_factory=list, max_length=ENTRIES_AT_MOST)
    scan: list[NetworkHeard] = Field(default_factory=list, max_length=NETWORKS_AT_MOST)
    radio: ApplianceRadio | None = None
    joined_same_network: bool | None = Field(
        default=None, description="The phone is on the appliance's network, with the same password"
    )
    permissions: Permissions | None = None
    timings: Timings | None = None
    probes: Probes | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_defaults=True):
            raise ValueError("says nothing")
        return self


class EvidenceTaken(ResponseModel):
    """How the attempt stands with the report: what the app may show at once."""

    stage: Literal["pair", "wifi", "net", "tls", "claim", "act", "cert", "opconn", "bind", "first"]
    code: FailureCode
    number: FailureNumber
    confidence: Literal["observed", "reported_by_appliance", "reported_by_app", "inferred", "unknown"]
    retry: Literal["never", "now", "after"] | None = Field(description="Whether trying again can help; with a code")
    retry_after_s: int | None
    trace_id: TraceId


async def report_evidence(call: Call) -> Reply:
    """Tell what the app saw of a pairing."""
    pairing_id = PairingId(call.get(PairingPath).pairing_id)
    told = _report(call.get(PairingEvidence))

    def work(tx: Transaction) -> Answer | Problem:
        match app_evidence.report(tx, call.account_id, pairing_id, told, call.now):
            case NotTaken.UNKNOWN:
                return Problem(ApiCode.NOT_FOUND)
            case NotTaken.TOO_MANY:
                return Problem(ApiCode.EVIDENCE_LIMIT)
            case attempt:
                return Answer(201, _shown(attempt))

    return await call.commit(work)


def _report(body: PairingEvidence) -> Report:
    return Report(
        app_version=body.app_version,
        told=tuple(
            Told(_SOURCES[entry.source], entry.stage, entry.code, entry.count, entry.ago_ms) for entry in body.entries
        ),
        scan=tuple(Heard(one.rssi, one.band, one.security, one.chosen) for one in body.scan),
        radio=None if body.radio is None else Heard(body.radio.rssi, body.radio.band, body.radio.security),
        joined_same_network=body.joined_same_network,
        permissions=_given(body.permissions),
        timings_ms={name.removesuffix("_ms"): took for name, took in _given(body.timings).items()},
        probes=_given(body.probes),
    )


def _given(model: RequestModel | None) -> dict[str, Any]:
    return {} if model is None else model.model_dump(exclude_none=True)


def _shown(attempt: Attempt) -> EvidenceTaken:
    failure = None if attempt.code is None else CATALOGUE[attempt.code]
    after = failure is not None and failure.retry is Retry.AFTER
    return EvidenceTaken(
        stage=attempt.stage_reached.value,
        code=None if failure is None else failure.code.value,
        number=None if failure is None else failure.number,
        confidence=attempt.confidence.value,
        retry=None if failure is None else failure.retry.value,
        retry_after_s=failure.retry_after_s if failure is not None and after else None,
        trace_id=attempt.trace_id,
    )


ROUTES: Final = (
    Route(
        method="POST",
        path="/v1/pairings/{pairing_id}/evidence",
        handler=report_evidence,
        summary="Report what the app saw",
        tag="pairings",
        parameters=PairingPath,
        request=PairingEvidence,
        body_bytes=BODY_AT_MOST,
        answers={201: EvidenceTaken},
        problems=(ApiCode.EVIDENCE_LIMIT,),
        description="So that support can say why an appliance did not come: permissions, what the phone hears (band, "
        "security, strength; never a name), what it could reach, what the appliance told it. At most "
        f"{ENTRIES_AT_MOST} entries and {BODY_AT_MOST // 1024} KiB a report, eight reports a pairing. It is kept as "
        "reported, 30 days at most.",
    ),
)
