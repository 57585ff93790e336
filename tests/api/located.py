"""Short ways to allow, to make a home, and to tell that one came or went."""

from typing import Any

from gateway.domain.consent import Consent, ConsentState, Purpose
from gateway.usecases.transaction import Transaction
from tests.api.house import House, Person
from tests.api.rig import Rig

ALL = (Purpose.LOCATION_REMINDER, Purpose.LOCATION_AUTO_OFF, Purpose.LOCATION_AUTO_ON)


async def allow(house: House, person: Person, *purposes: Purpose) -> None:
    def work(tx: Transaction) -> None:
        for purpose in purposes:
            tx.consents.put(
                Consent(
                    account_id=person.account_id,
                    purpose=purpose,
                    state=ConsentState.GRANTED,
                    at=house.rig.time(),
                    text_version=1,
                    policy_version=0,
                    event_number=0,
                )
            )

    await house.run(work)


async def make_home(person: Person, **body: Any) -> dict[str, Any]:
    answer = await person.ask("POST", "/v1/homes", {"time_zone": "Europe/Berlin", **body})
    assert answer.status == 201, await answer.text()
    made: dict[str, Any] = await answer.json()
    return made


def a_transition(rig: Rig, home: dict[str, Any], state: str = "home", seq: int = 1, **more: Any) -> dict[str, Any]:
    minute = rig.time().strftime("%Y-%m-%dT%H:%MZ")
    return {"home_ref": home["home_ref"], "state": state, "seq": seq, "minute": minute, "accuracy": "good", **more}


async def tell(person: Person, body: dict[str, Any], path: str = "/v1/location/transitions", **headers: str) -> Any:
    return await person.ask("POST", path, body, **headers)
