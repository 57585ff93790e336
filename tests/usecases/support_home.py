"""Customers for tests of support, and what a support desk does for them."""

from dataclasses import replace
from typing import Any

from gateway.domain.binding import Role
from gateway.domain.identity import AccountId, DeviceId
from gateway.domain.staff import Action
from gateway.domain.support_access import BreakGlass, BreakGlassId, Case, Grant, NotOpened, case_of
from gateway.usecases import break_glass, support_access, support_grants
from gateway.usecases.break_glass import NoCustomer
from gateway.usecases.staff_sessions import SignedIn
from gateway.usecases.support_access import NoGrant, OpenedDevice
from gateway.usecases.support_grants import ShownCode
from gateway.usecases.transaction import Transaction
from tests.staff_desk import Desk
from tests.storage.records import a_binding, account_id, device_id, digest, with_accounts, with_devices

ANN, BOB = account_id(1), account_id(2)
HEATER, LAMP, STRAY = device_id(1), device_id(2), device_id(3)
_CASE = case_of("T-2041", "does not heat since monday")
assert isinstance(_CASE, Case)
CASE = _CASE


def move_in(tx: Transaction) -> None:
    """Ann owns a heater that Bob may use; Bob owns a lamp; a third appliance is nobody's."""
    with_accounts(tx, 1, 2)
    with_devices(tx, 1, 2, 3)
    tx.bindings.put(a_binding(1, 1))
    tx.bindings.put(a_binding(1, 2, role=Role.ADULT))
    tx.bindings.put(a_binding(2, 2))


def released(tx: Transaction) -> None:
    """Ann lets the heater go, and Bob takes it."""
    device = tx.devices.get(HEATER)
    assert device is not None
    tx.devices.update(replace(device, epoch=device.epoch + 1))
    tx.bindings.remove_all(HEATER)
    tx.bindings.put(a_binding(1, 2, epoch=device.epoch + 1))


async def shown(desk: Desk, account: AccountId = ANN, device: DeviceId = HEATER) -> str:
    code = await desk.run(lambda tx: support_grants.show_one(tx, account, device, tokens=desk.tokens, now=desk.now))
    assert isinstance(code, ShownCode)
    assert code.code not in repr(code)
    return code.code


async def use(desk: Desk, who: SignedIn, code: str, device: DeviceId = HEATER) -> Grant | NotOpened:
    found: Grant | NotOpened = await desk.run(
        lambda tx: support_access.open_with_code(
            tx, who, device, CASE, code, tokens=desk.tokens, identifiers=desk.identifiers, now=desk.now
        )
    )
    return found


async def view(desk: Desk, who: SignedIn, device: DeviceId = HEATER) -> OpenedDevice | NoGrant:
    found: OpenedDevice | NoGrant = await desk.run(lambda tx: support_access.view_customer(tx, who, device, desk.now))
    return found


async def ask(desk: Desk, who: SignedIn, device: DeviceId = HEATER) -> BreakGlass | NoCustomer:
    found: BreakGlass | NoCustomer = await desk.run(
        lambda tx: break_glass.ask_break_glass(tx, who, device, CASE, identifiers=desk.identifiers, now=desk.now)
    )
    return found


async def decide(desk: Desk, who: SignedIn, glass_id: BreakGlassId, *, approve: bool = True) -> Any:
    return await desk.run(
        lambda tx: break_glass.decide_break_glass(
            tx, who, glass_id, approve=approve, identifiers=desk.identifiers, now=desk.now
        )
    )


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def last_row(desk: Desk) -> Any:
    return (await desk.rows())[-1].entry


async def look(desk: Desk, who: SignedIn, found: DeviceId | None, action: Action = Action.VIEW_UNIT) -> Any:
    return await desk.run(
        lambda tx: support_access.look_up(
            tx,
            who,
            action=action,
            target=digest("typed"),
            find=lambda _: found,
            device_of=lambda device: device,
            now=desk.now,
        )
    )
