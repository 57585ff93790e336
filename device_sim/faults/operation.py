"""What goes wrong once the appliance has its certificate: silence, connections, binding, the first report."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from device_sim.faults.home import Home
from device_sim.faults.wire import (
    Activated,
    FaultError,
    Line,
    activate,
    ask_once,
    claim_line,
    go_online,
    line,
    refused_connection,
    request_of,
    say,
    say_hello,
)
from gateway.protocol.topics import UpChannel

CONNECTS: Final = 7
"""More than five in ten minutes."""
RESTART_S: Final = 0.5
SKEW: Final = timedelta(minutes=42)
TOO_LARGE: Final = 17_000
"""More than the protocol's 16 KiB, less than what a broker lets pass."""
_NAMES: Final = 64


async def falls_silent(home: Home) -> None:
    """The certificate arrived, and nobody ever heard of the appliance again."""
    await home.begin()
    await activate(home)


async def stays_with_claim_certificate(home: Home) -> None:
    """The certificate arrived; the firmware goes on with the one from the factory."""
    await home.begin()
    await activate(home)
    await home.stack.enter_async_context(claim_line(home))


async def superseded_certificate(home: Home) -> None:
    """After a restart the firmware takes the old slot: a certificate that a newer one has replaced."""
    await home.begin()
    old = await activate(home)
    new = await activate(home)
    async with line(home, new.credential) as one:
        await one.link.subscribe(f"hg/v1/dev/{new.device_id}/down/#")
        await say_hello(home, one, new)
    await refused_connection(home, old.credential)


async def wrong_device_client_id(home: Home) -> None:
    """The own certificate with the client id of the days before it."""
    await home.begin()
    own = await activate(home)
    await refused_connection(home, own.credential, home.made.claim_id)


async def blocked_after_activation(home: Home) -> None:
    """The unit is blocked between activation and first connection."""
    await home.begin()
    own = await activate(home)
    await home.world.workshop.block(home.made.unit.machine_code)
    await refused_connection(home, own.credential)


async def flaps(home: Home) -> None:
    """The connection comes and goes, and never lasts until the first report."""
    await home.begin()
    own = await activate(home)
    for _ in range(CONNECTS):
        async with line(home, own.credential) as one:
            await one.link.subscribe(f"hg/v1/dev/{own.device_id}/down/#")
            await say_hello(home, one, own)


async def token_of_a_cancelled_pairing(home: Home) -> None:
    """The person gave up, and the appliance came with the token of before."""
    pairing = await home.begin()
    await home.phone.cancel_pairing(pairing.pairing_id)
    await _bind_refused(home, "bind.token_expired")


async def token_of_nobody(home: Home) -> None:
    """The appliance brings a token that this gateway never made: of another region, say."""
    await home.begin()
    await _bind_refused(home, "bind.token_unknown", bind_token=f"{home.rng.getrandbits(128):032x}")


async def owned_by_somebody(home: Home) -> None:
    """The appliance serves another household, which never let go of it."""
    await home.begin(home.world.former_owner)
    own = await activate(home)
    if not own.bound:
        raise FaultError("the first household did not get its appliance")
    await home.begin()
    await _bind_refused(home, "bind.owned")


async def household_full(home: Home) -> None:
    """The account has as many appliances as it may have."""
    await home.begin(home.world.full_household)
    await _bind_refused(home, "bind.limit")


async def never_bound(home: Home) -> None:
    """Connected as itself, and the token never came: the phone did not hand it over."""
    await home.begin()
    own = await activate(home, bind_token=None)
    await go_online(home, own)


async def never_reports(home: Home) -> None:
    """Bound and connected; the main board is off, and nothing is ever reported."""
    await _living(home)


async def reports_unknown_properties(home: Home) -> None:
    """The firmware reports properties that its type does not have."""
    own, one = await _living(home)
    await say(one, own, UpChannel.STATE, _report(own, {"warp_factor": 9}))


async def clock_is_wrong(home: Home) -> None:
    """The appliance's clock is 42 minutes off; everything else works."""
    await home.begin()
    own = await activate(home)
    one = await go_online(home, own, clock=home.world.clock() - SKEW)
    await say(one, own, UpChannel.STATE, _report(own, {}))


async def main_board_is_silent(home: Home) -> None:
    """The radio module works and tells that it hears nothing of the main board."""
    own, one = await _living(home)
    await _tell(one, own, "first", "mainboard_silent")


async def remote_is_off(home: Home) -> None:
    """Remote control is disabled on the panel: the appliance says so, and reports nothing else."""
    own, one = await _living(home)
    await _tell(one, own, "first", "remote_off")


async def report_too_large(home: Home) -> None:
    """The first report is larger than any message may be."""
    own, one = await _living(home)
    padding = {f"p{number}": "x" * (TOO_LARGE // _NAMES) for number in range(_NAMES)}
    await say(one, own, UpChannel.STATE, _report(own, padding))


async def tells_of_its_flash(home: Home) -> None:
    """The new certificate could not be stored: told at the next connection, made with the old credential."""
    await home.begin()
    await activate(home)
    loop = asyncio.get_running_loop()
    failed_at = loop.time()
    await asyncio.sleep(RESTART_S)
    history = [{"stage": "cert", "code": "store_failed", "count": 1, "ago_ms": int((loop.time() - failed_at) * 1000)}]
    await ask_once(home, request_of(home, history=history))


async def _living(home: Home) -> tuple[Activated, Line]:
    """Activated, bound and connected.

    Raises:
        FaultError: it is not bound.
    """
    await home.begin()
    own = await activate(home)
    if not own.bound:
        raise FaultError("the appliance was not bound")
    return own, await go_online(home, own)


async def _bind_refused(home: Home, code: str, **changes: Any) -> None:
    """Activate with a token that must not bind.

    Raises:
        FaultError: it did. Names the code that was wanted.
    """
    reply = await ask_once(home, request_of(home, **changes))
    if not reply["ok"] or reply["bound"] or reply.get("bind_code") is None:
        raise FaultError(f"a token was taken that should lead to {code}")
    home.shown = reply["trace_id"]


def _report(own: Activated, state: dict[str, Any]) -> dict[str, Any]:
    return {"seq": 1, "boot": "b0", "epoch": own.epoch, "state": state, "full": True}


async def _tell(one: Line, own: Activated, stage: str, code: str) -> None:
    entry = {"stage": stage, "code": code, "count": 1, "ago_ms": 0}
    await say(one, own, UpChannel.LOG, {"entries": [entry]})
