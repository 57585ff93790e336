"""A fault at any route is an increase for Prometheus, the first one too: its series is there at 0 before."""

from gateway.api.table import ROUTES
from tests.api.rig import Client, Rig


def faults(rig: Rig) -> dict[tuple[str, str], float]:
    return {
        (one.labels["method"], one.labels["route"]): one.value
        for metric in rig.metrics.registry.collect()
        for one in metric.samples
        if one.name == "hearthgate_http_requests_total" and one.labels["status"] == "500"
    }


async def test_every_route_shows_its_faults_before_there_is_one(rig: Rig, client: Client) -> None:
    assert client.app is not None
    assert faults(rig) == {(route.method, route.path): 0.0 for route in ROUTES}
