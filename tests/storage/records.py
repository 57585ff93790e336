"""Records to store, each complete and different from the next; moments carry milliseconds, as the tables do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.domain.accounts import Account, LoginKind
from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.binding import Binding, Role
from gateway.domain.certificates import Certificate, CertificateState
from gateway.domain.commands import Command, Status
from gateway.domain.devices import Device
from gateway.domain.evidence import Confidence
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import (
    AccountId,
    AttemptId,
    ClaimId,
    CommandId,
    DeviceId,
    PairingId,
    UnitId,
)
from gateway.domain.pairing import Pairing, PairingState
from gateway.domain.state import Known
from gateway.domain.units import CertificateCredential, Unit
from gateway.usecases.repositories.states import StoredState
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.services import PasswordRecord
from gateway.usecases.transaction import Transaction

NOW = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def named(prefix: str, number: int) -> str:
    return f"{prefix}-{number:026}"


def account_id(number: int = 1) -> AccountId:
    return AccountId(named("a", number))


def device_id(number: int = 1) -> DeviceId:
    return DeviceId(named("d", number))


def unit_id(number: int = 1) -> UnitId:
    return UnitId(named("u", number))


def pairing_id(number: int = 1) -> PairingId:
    return PairingId(named("p", number))


def digest(text: str) -> bytes:
    return text.encode().ljust(32, b"\0")


def an_account(number: int = 1) -> Account:
    return Account(account_id(number), digest(f"login {number}"), LoginKind.MAIL, adult=True, created_at=NOW)


def a_unit(number: int = 1) -> ListedUnit:
    return ListedUnit(
        Unit(
            unit_id=unit_id(number),
            type_id="heater.panel.s2",
            mac_index=digest(f"mac {number}"),
            mac_tail="2a",
            machine_code_index=digest(f"machine code {number}"),
            machine_code_tail="83",
            credential=CertificateCredential(digest(f"fingerprint {number}"), ClaimId(named("c", number))),
            setup_code_digest=None,
            blocked=None,
            created_at=NOW,
        ),
    )


def a_device(number: int = 1) -> Device:
    return Device(device_id(number), unit_id(number), reset_counter=2, firmware="1.2.3", descriptor_version=4)


def with_accounts(tx: Transaction, *numbers: int) -> None:
    """Accounts, where they are not there yet."""
    for number in numbers:
        if tx.accounts.get(account_id(number)) is not None:
            continue
        tx.accounts.add(an_account(number), PasswordRecord("pw1", f"hash {number}", "00"), NOW)


def with_devices(tx: Transaction, *numbers: int) -> None:
    """Devices with their units, where they are not there yet."""
    for number in numbers:
        if tx.devices.get(device_id(number)) is not None:
            continue
        tx.units.add([a_unit(number)])
        tx.devices.add(a_device(number), NOW)


def a_binding(device: int = 1, account: int = 1, *, epoch: int = 0, role: Role = Role.OWNER) -> Binding:
    return Binding(device_id(device), epoch, account_id(account), role, since=NOW, reset_counter=2)


def a_pairing(number: int = 1, account: int = 1) -> Pairing:
    return Pairing(
        pairing_id=pairing_id(number),
        account_id=account_id(account),
        token_digest=digest(f"token {number}"),
        state=PairingState.OPEN,
        opened_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
        trace_id=f"abc-{number:03}",
    )


def a_command(number: int = 1, device: int = 1, account: int = 1) -> Command:
    return Command(
        command_id=CommandId(f"0195504a-0000-7000-8000-{number:012}"),
        device_id=device_id(device),
        epoch=0,
        account_id=account_id(account),
        seq=number,
        action="set",
        params={"target_c": 21.5, "rooms": ["küche"]},
        issued_at=NOW,
        expires_at=NOW + timedelta(seconds=30),
    )


def an_ended_command(number: int = 1, status: Status = Status.APPLIED) -> Command:
    return replace(a_command(number), status=status, ended_at=NOW, params={})


def an_attempt(number: int = 1, outcome: Outcome = Outcome.OPEN) -> Attempt:
    failed = outcome is Outcome.FAILED
    return Attempt(
        attempt_id=AttemptId(named("t", number)),
        trace_id=f"xyz-{number:03}",
        stage_reached=Stage.ACT,
        confidence=Confidence.OBSERVED,
        opened_at=NOW,
        updated_at=NOW,
        pairing_id=pairing_id(number),
        unit_id=unit_id(number),
        type_id="heater.panel.s2",
        firmware="1.2.3",
        code=Code.ACT_UNKNOWN_MACHINE_CODE if failed else None,
        outcome=outcome,
        closed_at=None if outcome is Outcome.OPEN else NOW,
    )


def a_certificate(number: int = 1, device: int = 1, *, key: int | None = None) -> Certificate:
    return Certificate(
        serial=f"{number:032x}",
        device_id=device_id(device),
        key_digest=digest(f"key {number if key is None else key}"),
        state=CertificateState.PREPARED,
        not_before=NOW - timedelta(hours=24),
        not_after=NOW + timedelta(days=365),
        x509_not_after=NOW + timedelta(days=455),
        renew_after=NOW + timedelta(days=243),
        prepared_at=NOW + number * SECOND,
    )


def a_state(device: int = 1, *, epoch: int = 0, seq: int = 1, **properties: object) -> StoredState:
    known = Known("boot-1", seq, dict(properties), ("boot-0",), dict.fromkeys(properties, seq), -1)
    return StoredState(device_id(device), epoch, known, NOW - SECOND, NOW)
