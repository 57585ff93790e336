"""Three gateways, each with a NATS node of one cluster, on one PostgreSQL. One dies with its node, under load.

The others take over what it had claimed and what it had not acknowledged, and its appliances come back to them.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import aiohttp
from pydantic import SecretStr

from gateway.bootstrap.secrets import open_secrets
from gateway.broker.nats.credentials import load_or_make_credentials
from gateway.config import Settings
from gateway.config.sections import KeysSection, NatsClusterSection
from gateway.runtime.clock import utc_now
from tests.databases import fresh_url, opened, postgresql_server
from tests.faults.books import Books
from tests.faults.child import Gateway
from tests.faults.entrance import Entrance
from tests.faults.house import House, house_settings
from tests.faults.load import Busy
from tests.ports import free_port

GATEWAYS = 3


@contextlib.asynccontextmanager
async def _site(folder: Path, url: str) -> AsyncIterator[tuple[House, list[Gateway]]]:
    persons = KeysSection(store_url=SecretStr(postgresql_server().empty_database()))  # one for all of them
    bases = [
        house_settings(folder / f"{number}", database_url=url).model_copy(update={"keys": persons})
        for number in range(GATEWAYS)
    ]
    doors = Entrance([base.broker.nats.mqtt_port for base in bases])
    counters = Entrance([base.api.port for base in bases])
    async with doors.open(), counters.open():
        all_settings = _joined(bases, doors.port)
        first = all_settings[0]
        secrets = open_secrets(first, utc_now)
        load_or_make_credentials(first.data_folder / "broker" / "nats.json")
        for other in all_settings[1:]:
            shutil.copytree(first.data_folder, other.data_folder)  # keys, authorities, the cluster's passwords
        with opened(url):
            pass
        books = Books(url)
        gateways = [Gateway(one, folder / f"process-{number}") for number, one in enumerate(all_settings)]
        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
            at = House(folder, first, gateways[0], secrets, books, http, tasks)
            at.api_port, at.mqtt_port = counters.port, doors.port
            try:
                async with asyncio.TaskGroup() as starting:
                    for gateway in gateways:
                        starting.create_task(gateway.start())
                yield at, gateways
            finally:
                await asyncio.gather(*(gateway.stop() for gateway in gateways))
                books.close()
                for task in tasks._tasks:  # whoever still runs
                    task.cancel()


def _joined(bases: list[Settings], port: int) -> list[Settings]:
    places = [free_port() for _ in bases]
    routes = tuple(f"127.0.0.1:{place}" for place in places)
    joined = []
    for number, (base, place) in enumerate(zip(bases, places, strict=True)):
        nats = base.broker.nats.model_copy(
            update={"server_name": f"node-{number}", "cluster": NatsClusterSection(port=place, routes=routes)}
        )
        broker = base.broker.model_copy(update={"nats": nats})
        endpoint = base.endpoint.model_copy(update={"port": port})
        joined.append(base.model_copy(update={"broker": broker, "endpoint": endpoint}))
    return joined


async def test_the_others_take_over_when_a_gateway_dies_with_its_node(tmp_path: Path) -> None:
    with fresh_url("postgresql", tmp_path) as url:
        async with _site(tmp_path, url) as (at, gateways):
            phone = await at.phone()
            people, boxes = await at.make(9), await at.make(20, seed=2)
            for number, resident in enumerate(people):
                await at.move_in(resident, phone, seed=number)
            busy = Busy(at, phone, Random(1))  # noqa: S311 - who reports when
            async with busy.going_on(people, boxes=boxes):
                await asyncio.sleep(3)
                node = gateways[0].broker_pid()
                gateways[0].child.kill()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(node, signal.SIGKILL)
                await asyncio.sleep(8)
            await at.settled()
            await at.all_is_well()
            assert [gateway.child.is_alive for gateway in gateways] == [False, True, True]
            assert busy.reports > 100
            assert busy.commands > 10
            await gateways[0].start()  # and it comes back among them
            async with busy.going_on(people):
                await asyncio.sleep(1)
            await at.all_is_well()
