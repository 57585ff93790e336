from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.activation import (
    Claim,
    Decision,
    FirstActivation,
    ForeignKey,
    Key,
    NewCertificate,
    NewKey,
    OwnKey,
    Proof,
    Quarantine,
    Refused,
    Request,
    SameAnswer,
    TypeFacts,
    decide,
    decide_renewal,
)
from gateway.domain.certificates import Certificate, CertificateState, confirm, issue, plan
from gateway.domain.devices import Device, DeviceStatus
from gateway.domain.failures import Code
from gateway.domain.identity import ClaimId, DeviceId, UnitId
from gateway.domain.units import BlockReason, CertificateCredential, KeyCredential, Unit

MAC, OTHER_MAC = b"m" * 32, b"n" * 32
FINGERPRINT, OTHER_FINGERPRINT = b"f" * 32, b"g" * 32
CLAIM, OTHER_CLAIM = ClaimId("c-1"), ClaimId("c-2")
CONNECTED = Claim(CLAIM, FINGERPRINT)
REQUEST = Request(MAC, "kettle", 3, Proof.ABSENT)
KETTLE = TypeFacts(known=True)
NEW_KEY = NewKey()


@dataclass(frozen=True)
class Case:
    """One request that is in order, to be spoilt one fact at a time."""

    now: datetime
    unit: Unit | None
    claim: Claim = CONNECTED
    request: Request = REQUEST
    type_facts: TypeFacts = KETTLE
    device: Device | None = None
    certificates: tuple[Certificate, ...] = ()
    key: Key = NEW_KEY
    online: bool = False

    def decide(self) -> Decision:
        return decide(
            unit=self.unit,
            claim=self.claim,
            request=self.request,
            type_facts=self.type_facts,
            device=self.device,
            certificates=self.certificates,
            key=self.key,
            online=self.online,
            now=self.now,
        )


@pytest.fixture
def case(now: datetime) -> Case:
    unit = Unit(
        unit_id=UnitId("u-1"),
        type_id="kettle",
        mac_index=MAC,
        mac_tail="2a",
        machine_code_index=b"c" * 32,
        machine_code_tail="83",
        credential=CertificateCredential(FINGERPRINT, CLAIM),
        setup_code_digest=None,
        blocked=None,
        created_at=now,
    )
    return Case(now, unit)


def with_unit(case: Case, **changes: object) -> Case:
    assert case.unit is not None
    return replace(case, unit=replace(case.unit, **changes))  # type: ignore[arg-type]


@pytest.fixture
def working(case: Case) -> Case:
    """An activated unit with a confirmed certificate."""
    device = Device(DeviceId("d-1"), UnitId("u-1"), reset_counter=3)
    return replace(case, device=device, certificates=(certificate(case.now, "0a", confirmed=True),))


def certificate(now: datetime, serial: str, *, confirmed: bool = False) -> Certificate:
    prepared = plan(serial=serial, device_id=DeviceId("d-1"), key_digest=serial.encode(), now=now)
    made = issue(prepared, pem=serial, fingerprint=serial.encode(), now=now)
    return confirm((), made, now).confirmed if confirmed else made


def refused(case: Case) -> Code:
    decision = case.decide()
    assert isinstance(decision, Refused), decision
    return decision.code


def test_a_listed_unit_with_its_certificate_is_activated(case: Case) -> None:
    assert isinstance(case.decide(), FirstActivation)


def test_an_unknown_machine_code_is_refused(case: Case) -> None:
    assert refused(replace(case, unit=None)) is Code.ACT_UNKNOWN_MACHINE_CODE


def test_the_certificate_that_the_broker_saw_must_be_the_registered_one(case: Case) -> None:
    assert refused(replace(case, claim=Claim(CLAIM, OTHER_FINGERPRINT))) is Code.CLAIM_BAD_CREDENTIAL


def test_where_the_broker_does_not_tell_the_registered_name_decides(case: Case) -> None:
    assert isinstance(replace(case, claim=Claim(CLAIM, None)).decide(), FirstActivation)
    assert refused(replace(case, claim=Claim(OTHER_CLAIM, None))) is Code.CLAIM_ID_MISMATCH


def test_with_neither_fingerprint_nor_name_nobody_is_believed(case: Case) -> None:
    nameless = with_unit(case, credential=CertificateCredential(FINGERPRINT))
    assert refused(replace(nameless, claim=Claim(CLAIM, None))) is Code.CLAIM_BAD_CREDENTIAL


@pytest.mark.parametrize(
    ("proof", "code"),
    [(Proof.ABSENT, Code.CLAIM_BAD_CREDENTIAL), (Proof.INVALID, Code.ACT_BAD_SIGNATURE), (Proof.VALID, None)],
)
def test_a_unit_of_a_batch_needs_its_proof(case: Case, proof: Proof, code: Code | None) -> None:
    batch = replace(
        with_unit(case, credential=KeyCredential(b"sealed")),
        request=replace(case.request, proof=proof),
        type_facts=TypeFacts(known=True, accepts_certificate=False, accepts_batch=True),
        claim=Claim(OTHER_CLAIM, OTHER_FINGERPRINT),
    )
    decision = batch.decide()
    assert isinstance(decision, FirstActivation) if code is None else decision == Refused(code)


def test_a_type_says_which_credential_it_accepts(case: Case) -> None:
    strict = TypeFacts(known=True, accepts_certificate=False, accepts_batch=True)
    assert refused(replace(case, type_facts=strict)) is Code.CLAIM_NOT_AUTHORISED
    batch = with_unit(case, credential=KeyCredential(b"sealed"))
    assert refused(replace(batch, request=replace(case.request, proof=Proof.VALID))) is Code.CLAIM_NOT_AUTHORISED


def test_a_type_that_the_catalogue_lacks_is_told_from_one_that_differs(case: Case) -> None:
    other = replace(case, request=replace(case.request, type_id="toaster"))
    assert refused(other) is Code.ACT_TYPEID_MISMATCH
    assert refused(replace(other, type_facts=TypeFacts(known=False))) is Code.ACT_TYPEID_UNKNOWN
    assert refused(replace(case, type_facts=TypeFacts(known=False))) is Code.ACT_TYPEID_UNKNOWN


def test_another_mac_is_refused(case: Case) -> None:
    assert refused(replace(case, request=replace(case.request, mac_index=OTHER_MAC))) is Code.ACT_MAC_MISMATCH


@pytest.mark.parametrize("reason", BlockReason)
def test_a_blocked_unit_is_refused_without_the_reason(case: Case, reason: BlockReason) -> None:
    assert refused(with_unit(case, blocked=reason)) is Code.ACT_BLOCKED


def test_who_cannot_prove_to_be_the_unit_learns_nothing_else_about_it(case: Case) -> None:
    stranger = replace(
        with_unit(case, blocked=BlockReason.THEFT),
        claim=Claim(CLAIM, OTHER_FINGERPRINT),
        request=Request(OTHER_MAC, "toaster", 0, Proof.ABSENT),
        type_facts=TypeFacts(known=False),
    )
    assert refused(stranger) is Code.CLAIM_BAD_CREDENTIAL


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (DeviceStatus.SUSPENDED, Code.ACT_BLOCKED),
        (DeviceStatus.RETIRED, Code.ACT_BLOCKED),
        (DeviceStatus.QUARANTINED, Code.CLAIM_DUPLICATE_ID),
    ],
)
def test_a_device_that_may_not_work_gets_no_certificate(working: Case, status: DeviceStatus, code: Code) -> None:
    assert working.device is not None
    assert refused(replace(working, device=replace(working.device, status=status))) is code


@pytest.mark.parametrize("confirmed", [False, True])
def test_the_same_key_gets_the_same_certificate_however_often(working: Case, confirmed: bool) -> None:  # noqa: FBT001
    made = certificate(working.now, "0a", confirmed=confirmed)
    again = replace(working, key=OwnKey(made), certificates=(made,), online=True)
    assert again.decide() == SameAnswer(made, reset=False)


def test_a_certificate_that_was_prepared_before_a_crash_is_the_answer(working: Case) -> None:
    prepared = plan(serial="0b", device_id=DeviceId("d-1"), key_digest=b"k", now=working.now)
    assert replace(working, key=OwnKey(prepared)).decide() == SameAnswer(prepared, reset=False)


def test_a_new_key_of_the_same_unit_gets_a_new_certificate(working: Case) -> None:
    assert working.decide() == NewCertificate(working.device, reset=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [CertificateState.SUPERSEDED, CertificateState.REVOKED])
def test_an_old_request_sent_again_fetches_no_old_certificate(working: Case, state: CertificateState) -> None:
    old = replace(working.certificates[0], state=state)
    assert refused(replace(working, key=OwnKey(old))) is Code.ACT_REPLAYED


def test_a_key_whose_certificate_ran_out_unused_gets_another(working: Case) -> None:
    unused = certificate(working.now, "0b")
    expired = replace(unused, state=CertificateState.EXPIRED)
    for one, now in ((expired, working.now), (unused, working.now + timedelta(hours=25))):
        assert isinstance(replace(working, key=OwnKey(one), now=now).decide(), NewCertificate)


def test_a_key_of_another_unit_is_refused(case: Case, working: Case) -> None:
    assert refused(replace(case, key=ForeignKey())) is Code.CERT_KEY_REJECTED
    assert refused(replace(working, key=ForeignKey())) is Code.CERT_KEY_REJECTED
    elsewhere = replace(working.certificates[0], device_id=DeviceId("d-9"))
    assert refused(replace(working, key=OwnKey(elsewhere))) is Code.CERT_KEY_REJECTED
    assert refused(replace(case, key=OwnKey(elsewhere))) is Code.CERT_KEY_REJECTED


def test_a_second_appliance_while_the_first_works_is_quarantined(working: Case) -> None:
    assert replace(working, online=True).decide() == Quarantine(working.device)  # type: ignore[arg-type]
    assert Quarantine(working.device).code is Code.CLAIM_DUPLICATE_ID  # type: ignore[arg-type]


def test_a_reset_appliance_is_no_clone_of_itself(working: Case) -> None:
    reset = replace(working, online=True, request=replace(working.request, reset_counter=4))
    assert reset.decide() == NewCertificate(working.device, reset=True)  # type: ignore[arg-type]


def test_an_unconfirmed_first_certificate_makes_nobody_a_clone(working: Case) -> None:
    unconfirmed = replace(working, online=True, certificates=(certificate(working.now, "0a"),))
    assert isinstance(unconfirmed.decide(), NewCertificate)


def test_a_reset_counter_that_fell_is_a_replay(working: Case) -> None:
    fallen = replace(working.request, reset_counter=2)
    assert refused(replace(working, request=fallen)) is Code.ACT_REPLAYED
    assert refused(replace(working, request=fallen, key=OwnKey(working.certificates[0]))) is Code.ACT_REPLAYED


def renew(working: Case, key: Key, now: datetime | None = None, device: Device | None = None) -> Decision:
    assert working.device is not None
    return decide_renewal(
        device=device or working.device, certificates=working.certificates, key=key, now=now or working.now
    )


def test_a_renewal_with_a_new_key_gets_a_certificate_even_after_the_end(working: Case) -> None:
    (certificate,) = working.certificates
    for now in (working.now, certificate.renew_after, certificate.not_after + timedelta(days=1)):
        assert isinstance(renew(working, NewKey(), now), NewCertificate)


def test_a_renewal_with_the_same_key_is_a_repetition_until_it_is_due(working: Case) -> None:
    (certificate,) = working.certificates
    assert renew(working, OwnKey(certificate)) == SameAnswer(certificate, reset=False)
    assert isinstance(renew(working, OwnKey(certificate), certificate.renew_after), NewCertificate)


def test_what_is_dead_suspended_or_of_another_does_not_renew(working: Case) -> None:
    (mine,) = working.certificates
    assert working.device is not None
    assert renew(working, NewKey(), mine.x509_not_after) == Refused(Code.ACT_BLOCKED)
    suspended = replace(working.device, status=DeviceStatus.SUSPENDED)
    assert renew(working, NewKey(), device=suspended) == Refused(Code.ACT_BLOCKED)
    assert renew(working, ForeignKey()) == Refused(Code.CERT_KEY_REJECTED)
    assert renew(working, OwnKey(replace(mine, device_id=DeviceId("d-9")))) == Refused(Code.CERT_KEY_REJECTED)
    superseded = replace(mine, state=CertificateState.SUPERSEDED)
    assert renew(working, OwnKey(superseded), mine.renew_after) == Refused(Code.ACT_REPLAYED)
