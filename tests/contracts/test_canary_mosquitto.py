"""The start-up canary on a real Mosquitto: silent where all is well, loud for each hole made on purpose."""

from pathlib import Path

import pytest

from gateway.broker.canary import CanaryPlan, Finding, ProbeObserver, fly
from tests.contracts.mosquitto_rig import MosquittoRig

pytestmark = pytest.mark.needs_mosquitto


async def findings(rig: MosquittoRig) -> tuple[Finding, ...]:
    await rig.open_transport()
    one, other = rig.pki.appliance(), rig.pki.appliance()
    eyes = ProbeObserver(await rig.connect(rig.pki.appliance("g")))
    await eyes.start()
    plan = CanaryPlan(
        host="127.0.0.1",
        port=rig.mqtt_port,
        name=one.common_name,
        tls=rig.pki.context(one),
        other_name=other.common_name,
        other_tls=rig.pki.context(other),
        anonymous_tls=rig.pki.context(None),
        patience=2,
    )
    return await fly(plan, eyes)


async def test_a_broker_that_is_as_it_must_be_has_no_findings(tmp_path: Path) -> None:
    async with MosquittoRig(tmp_path) as rig:
        assert await findings(rig) == ()


@pytest.mark.parametrize(
    ("file", "line", "instead", "hole"),
    [
        ("device.acl", "pattern write hg/v1/dev/%u/up/#", "pattern write hg/#", {"hole.publish", "hole.will"}),
        ("device.acl", "pattern read hg/v1/dev/%u/down/#", "pattern read hg/#", {"hole.subscribe"}),
        ("device.acl", "pattern read hg/v1/dev/%u/down/#", "pattern read hg/v1/nothing", {"control.subscribe"}),
        ("mosquitto.conf", "use_username_as_clientid true", "use_username_as_clientid false", {"hole.client_id"}),
    ],
    ids=["publish", "subscribe", "nothing-to-hear", "client-id"],
)
async def test_each_hole_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, line: str, instead: str, hole: set[str]
) -> None:
    """A file is made wrong on purpose before the start; everything else is real."""
    rig = MosquittoRig(tmp_path)
    write = rig.server._write_files

    def write_wrong() -> None:
        write()
        path = rig.folder / file
        text = path.read_text()
        assert line in text
        path.write_text(text.replace(line, instead))

    monkeypatch.setattr(rig.server, "_write_files", write_wrong)
    async with rig:
        assert {finding.what for finding in await findings(rig)} == hole
