"""Descriptors over HTTP."""

import pytest

from tests.api.house import HEATER, House, Person
from tests.api.rig import TYPES, problem


@pytest.mark.parametrize("type_id", TYPES.type_ids())
async def test_every_type_is_described_with_its_references_resolved(ann: Person, type_id: str) -> None:
    answer = await ann.ask("GET", f"/v1/types/{type_id}")
    document = await answer.json()
    assert (answer.status, document["type_id"]) == (200, type_id)
    assert {"properties", "actions", "events", "safety", "titles", "components", "faults"} <= document.keys()
    assert "tm:ref" not in await answer.text()
    assert answer.headers["ETag"] == '"v1"'


@pytest.mark.parametrize("type_id", ["kettle.x9", "HEATER", "..%2f..%2fetc%2fpasswd", "x" * 65, "schema"])
async def test_an_unknown_type_is_not_found(ann: Person, type_id: str) -> None:
    answer = await ann.ask("GET", f"/v1/types/{type_id}")
    assert (answer.status, (await problem(answer))["code"]) == (404, "http.not_found")


async def test_types_are_for_people_with_an_account(house: House) -> None:
    answer = await house.client.get(f"/v1/types/{HEATER}")
    assert answer.status == 401
