"""What staff do is counted, by outcome and without anybody's name."""

from gateway.bootstrap.counting import CommitCounts
from gateway.console.table import ROUTES
from gateway.domain.staff import StaffRole
from tests.console.home_of_ann import MAC, move_in
from tests.console.rig import Console


def sample(console: Console, name: str, **labels: str) -> float:
    return console.metrics.registry.get_sample_value(name, labels) or 0.0


async def test_hits_and_misses_are_counted(console: Console) -> None:
    console.database.on_commit(CommitCounts(console.metrics).committed)
    await move_in(console)
    reader = await console.reader(StaffRole.AGENT)
    for words in (MAC, "a4:c1:38:00:4f:2b", "nothing at all"):
        await reader.post("/look-up", words=words)
    assert sample(console, "hearthgate_support_lookups_total", outcome="hit") == 1
    assert sample(console, "hearthgate_support_lookups_total", outcome="miss") == 2


async def test_an_answer_refused_for_want_of_the_audit_is_counted(console: Console) -> None:
    reader = await console.reader(StaffRole.AUDITOR)
    assert sample(console, "hearthgate_audit_failures_total") == 0
    with console.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit_rows WHERE number = (SELECT max(number) FROM audit_rows)")
    assert (await reader.get("/audit")).status == 503
    assert sample(console, "hearthgate_audit_failures_total") == 1


async def test_every_page_shows_its_faults_before_there_is_one(console: Console) -> None:
    await console.client()
    for route in ROUTES:
        labels = {"method": route.method, "route": f"console:{route.path}", "status": "500"}
        assert console.metrics.registry.get_sample_value("hearthgate_http_requests_total", labels) == 0, route.path
