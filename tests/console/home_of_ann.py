"""Ann's heater, and an attempt that failed, in whose texts somebody hid markup."""

from dataclasses import dataclass

from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.binding import Binding, Role
from gateway.domain.devices import Device
from gateway.domain.evidence import Confidence, Evidence, Source
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import AccountId, AttemptId, DeviceId, UnitId
from gateway.domain.state import Known
from gateway.domain.units import KeyCredential, Unit
from gateway.usecases import presence, support_grants
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.repositories.states import StoredState
from gateway.usecases.repositories.units import ListedUnit
from gateway.usecases.services import IndexedField
from gateway.usecases.transaction import Transaction
from tests.console.rig import Console
from tests.storage.records import account_id, with_accounts

MARKUP = "<script>alert(1)</script>"
MAC, MACHINE_CODE = "a4:c1:38:00:4f:2a", "HX-2026-000123"
TRACE = "k7q-4m2"
HEATER = "heater.panel.s2"


@dataclass(frozen=True)
class Ann:
    """What tests ask for by name."""

    account_id: AccountId
    device_id: DeviceId
    attempt_id: AttemptId


async def move_in(console: Console) -> Ann:
    """Ann owns a heater that failed once on the way, and works now."""
    now, deps = console.time(), console.deps
    unit_id, device_id = UnitId(deps.identifiers.new("u")), DeviceId(deps.identifiers.new("d"))
    attempt_id, owner = AttemptId(deps.identifiers.new("t")), account_id(1)
    mac = deps.indexes.index(IndexedField.MAC, MAC)
    code = deps.indexes.index(IndexedField.MACHINE_CODE, MACHINE_CODE)
    unit = Unit(unit_id, HEATER, mac, "2a", code, "23", KeyCredential(b"sealed key"), None, None, now)
    attempt = Attempt(
        attempt_id=attempt_id,
        trace_id=TRACE,
        stage_reached=Stage.TLS,
        confidence=Confidence.OBSERVED,
        opened_at=now,
        updated_at=now,
        unit_id=unit_id,
        type_id=HEATER,
        firmware=MARKUP,
        code=Code.TLS_CLIENT_CERT_MISSING,
        outcome=Outcome.FAILED,
        closed_at=now,
    )
    lines = (
        Evidence(Source.APPLIANCE, now, "history", f"{MARKUP}-7", Stage.WIFI),
        Evidence(Source.BROKER, now, "no_certificate", None, Stage.TLS, Code.TLS_CLIENT_CERT_MISSING),
    )

    def work(tx: Transaction) -> None:
        with_accounts(tx, 1)
        tx.units.add([ListedUnit(unit)])
        tx.devices.add(Device(device_id, unit_id, firmware=MARKUP), now)
        tx.bindings.put(Binding(device_id, 0, owner, Role.OWNER, now))
        tx.attempts.add(attempt, AttemptKeys(mac_index=mac, mac_tail="2a"))
        for line in lines:
            tx.attempts.note(attempt_id, line)
        presence.said_hello(tx, device_id, None, now)
        state = {"display": MARKUP, "target_c": 21}
        tx.states.put([StoredState(device_id, 0, Known("", 1, state), now, now)], tx.next_revision())

    await console.database.run(work)
    return Ann(owner, device_id, attempt_id)


async def customer_code(console: Console, ann: Ann) -> str:
    """What Ann's app shows her."""
    shown = await console.database.run(
        lambda tx: support_grants.show_one(
            tx, ann.account_id, ann.device_id, tokens=console.deps.tokens, now=console.time()
        )
    )
    assert isinstance(shown, support_grants.ShownCode)
    return shown.code
