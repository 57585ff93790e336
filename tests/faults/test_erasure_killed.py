"""kill -9 at every step of an erasure; afterwards it is complete, once, and its person is nowhere on the disk."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_an_erasure_survives_a_death_at_every_step(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - this interpreter, and a script of ours
        [sys.executable, "-m", "tests.faults.erasing", str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    told = [json.loads(line) for line in done.stdout.splitlines()]
    places = [one["died_at"] for one in told]
    assert places[-1] == "", "the last one is not killed: every step had its death"
    assert all(places[:-1])
    for part in ("ledger: after", "key: after", "connection ended", "space: after", "not committed", "committed"):
        assert any(part in place for place in places), part
    assert len(places) > 20
    for one in told:
        assert (one["genuine"], one["in_ledger"], one["key_destroyed"], one["found"]) == (True, 1, True, []), one
