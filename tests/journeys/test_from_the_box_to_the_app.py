"""The main job, end to end: real broker, real TLS, real database, through the HTTP API and the simulator."""

from pathlib import Path

import pytest

from tests.home import eventually, home, settings_for


@pytest.mark.parametrize("kind", ["nats", pytest.param("mosquitto", marks=pytest.mark.needs_mosquitto)])
async def test_an_appliance_comes_out_of_its_box_and_obeys(tmp_path: Path, kind: str) -> None:
    async with home(tmp_path, settings_for(tmp_path / "gateway", kind=kind)) as at:
        made = (await at.make(1))[0]
        phone = at.phone()
        await phone.sign_up()
        appliance = at.appliance(made)
        pairing = await phone.pair(appliance)
        at.start(appliance)
        await eventually(lambda: appliance.is_paired and appliance.is_online)
        devices = await phone.devices()
        assert [device["device_id"] for device in devices] == [appliance.kept.device_id]
        await eventually(lambda: appliance.last_reported is not None)
        device_id = devices[0]["device_id"]
        sent = await phone.send(device_id, "set", {"target_c": 22}, wait_s=5)
        assert sent.status == "applied"
        assert (await phone.pairing(pairing.pairing_id))["status"] == "completed"
