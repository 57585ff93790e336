"""The story's last step: the phone may tell that its owner left only once its owner said yes, and no ends it."""

from datetime import timedelta
from typing import Any, Final

from device_sim.api import ProblemError
from device_sim.location.fence import Fence
from device_sim.location.sightings import Fix, Sighting
from device_sim.location.teller import Teller as Whereabouts
from device_sim.location.traces import HOME, place_at
from device_sim.phone import Phone
from gateway.cli.demo.telling import StepFailedError, Teller
from gateway.runtime.clock import utc_now

PURPOSE: Final = "location.reminder"

WALK: Final = ((9.5, 15.0), (9.0, 20.0), (7.0, 450.0), (4.0, 900.0), (1.5, 1400.0))
"""Minutes ago, and metres from home: out of the door and gone."""


async def ask_first(phone: Phone, device_id: str, teller: Teller) -> None:
    """Try without consent, give it, leave home, be reminded, take the consent back, and look what is left."""
    with teller.step("consent") as step:
        home = await _home(phone)
        if not await _is_refused(phone, home):
            raise StepFailedError("whereabouts were taken without a consent")
        shown = (await phone.ask("POST", f"/v1/consents/{PURPOSE}/notice")).body
        answer = {"notice_id": shown["notice_id"], "hash": shown["text"]["hash"]}
        await phone.ask("PUT", f"/v1/consents/{PURPOSE}", answer)
        rule = {"home_ref": home, "device_id": device_id, "trigger": "leave", "mode": "remind", "action": "off"}
        made = (await phone.ask("POST", "/v1/automations", rule)).body
        await _leave(phone, home)
        lines = (await phone.ask("GET", f"/v1/automations/{made['automation_id']}/explain")).body["items"]
        if [line["did"] for line in lines] != ["reminded"]:
            raise StepFailedError("who left was not reminded")
        await phone.ask("DELETE", f"/v1/consents/{PURPOSE}")
        if (await phone.ask("GET", "/v1/location")).body["items"] or not await _is_refused(phone, home):
            raise StepFailedError("whereabouts outlived the consent")
        step.says = (
            "location refused (403), then allowed with a signed receipt, one reminder on leaving home, withdrawn: "
            "nothing of it is left"
        )


async def _home(phone: Phone) -> str:
    homes: list[dict[str, Any]] = (await phone.ask("GET", "/v1/homes")).body["items"]
    if not homes:
        homes = [(await phone.ask("POST", "/v1/homes", {"time_zone": "Europe/Berlin"})).body]
    return str(homes[0]["home_ref"])


async def _is_refused(phone: Phone, home: str) -> bool:
    try:
        await Whereabouts(phone, home, Fence(HOME)).see(Sighting(utc_now(), None, on_home_wifi=True))
    except ProblemError as problem:
        return problem.code == "consent_required"
    return False


async def _leave(phone: Phone, home: str) -> None:
    """What the phone sees of the walk stays in the phone; two transitions are told."""
    whereabouts = Whereabouts(phone, home, Fence(HOME))
    for minutes, metres in WALK:
        at = utc_now() - timedelta(minutes=minutes)
        await whereabouts.see(Sighting(at, Fix(place_at(0, metres), accuracy_m=12)))
