"""`hearthgate attempt list | explain`."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.cli.opening import opened
from gateway.config import load
from gateway.domain.attempts import Attempt, Outcome
from gateway.domain.evidence import Evidence, Source
from gateway.domain.failure_texts import Language, text_of
from gateway.domain.failures import Code, Stage
from gateway.domain.identity import UnitId
from gateway.runtime.clock import utc_now
from gateway.usecases.repositories.attempts import AttemptKeys
from gateway.usecases.services import IndexedField
from gateway.usecases.transaction import Transaction
from tests.cli.shell import Shell, Write
from tests.cli.test_units_command import HEADER, row
from tests.storage.records import an_attempt

MAC = "A4-C1-38-00-4F-01"
ESCAPE = "1.0\x1b[2J\u202e"


@pytest.fixture
def attempts(shell: Shell, written: Write) -> list[Attempt]:
    """Two of a known unit, one of nobody known: failed an hour ago, under way, failed three hours ago."""
    shell("init")
    shell("units", "import", written("list.csv", HEADER + row(1) + row(2)))
    now = utc_now()
    now = now.replace(microsecond=0)

    def seed(tx: Transaction, mac_index: bytes) -> list[Attempt]:
        unit = tx.units.by_mac(mac_index)
        assert unit is not None
        begun = now - timedelta(hours=1)
        failed = replace(
            an_attempt(1, Outcome.FAILED),
            trace_id="k7q-4m2",
            unit_id=unit.unit_id,
            stage_reached=Stage.TLS,
            code=Code.TLS_CLIENT_CERT_MISSING,
            firmware=ESCAPE,
            opened_at=begun,
            updated_at=begun,
            closed_at=begun + timedelta(seconds=12),
        )
        under_way = replace(
            an_attempt(2),
            trace_id="abc-def",
            unit_id=UnitId(unit.unit_id),
            opened_at=now,
            updated_at=now,
            pairing_id=None,
        )
        other = replace(
            failed,
            attempt_id=an_attempt(3).attempt_id,
            trace_id="xyz-xyz",
            unit_id=None,
            pairing_id=None,
            opened_at=now - timedelta(hours=3),
        )
        for one in (failed, under_way, other):
            tx.attempts.add(one, AttemptKeys())
        line = Evidence(
            Source.BROKER,
            begun + timedelta(seconds=2),
            "no_client_certificate",
            raw_code="peer did\nnot return",
            stage=Stage.TLS,
            code=Code.TLS_CLIENT_CERT_MISSING,
            probable=True,
            times=3,
        )
        tx.attempts.note(failed.attempt_id, line)
        said = replace(line, source=Source.APP, says="app_says", code=Code.TLS_RESET, raw_code=None, probable=False)
        tx.attempts.note(failed.attempt_id, said)
        tx.attempts.note(failed.attempt_id, Evidence(Source.APP, begun, "pairing_opened", stage=Stage.PAIR))
        return [failed, under_way, other]

    with opened(load(environment=shell.environment)) as (database, secrets):
        index = secrets.indexes.index(IndexedField.MAC, "a4:c1:38:00:4f:01")
        return asyncio.run(database.run(lambda tx: seed(tx, index)))


def test_an_attempt_is_explained_in_full(shell: Shell, attempts: list[Attempt]) -> None:
    said = shell("attempt", "explain", "303 K7Q 4M2")
    lines = said.splitlines()
    text = text_of(Code.TLS_CLIENT_CERT_MISSING, Language.EN)
    assert lines[0] == "303 k7q-4m2  failed  tls.client_cert_missing"
    assert lines[1] == ("✓ pair  ✓ wifi  ✓ net  ✗ tls  · claim  · act  · cert  · opconn  · bind  · first")
    for part in (text.title, text.cause, text.customer, text.support, "seen by ourselves", "after 12.0 s"):
        assert part in said
    assert "that failed like this in 7 days: 1" in said
    assert "+2.0 s  broker (probable): no client certificate" in said
    assert any(line.startswith("disagrees") and "306 tls.reset" in line for line in lines)
    assert "MAC …01, machine code …83" in said


def test_nothing_of_somebody_else_is_obeyed_by_the_terminal(shell: Shell, attempts: list[Attempt]) -> None:
    for said in (shell("attempt", "explain", "k7q-4m2"), shell("attempt", "list")):
        assert all(letter.isprintable() or letter == "\n" for letter in said)
        assert "1.0?[2J?" in said
    assert "“peer did?not return”" in shell("attempt", "explain", "k7q-4m2")


def test_it_speaks_chinese(shell: Shell, attempts: list[Attempt]) -> None:
    said = shell("attempt", "explain", "303 k7q-4m2", "--lang", "zh")
    assert text_of(Code.TLS_CLIENT_CERT_MISSING, Language.ZH).customer in said
    assert "下一步" in said
    assert shell.refused("attempt", "explain", "x", "--lang", "fr", code=2) == "the language is one of en, zh"


def test_every_attempt_of_a_unit_is_found_by_its_mac_the_newest_explained(
    shell: Shell, attempts: list[Attempt]
) -> None:
    answer = shell.json("attempt", "explain", MAC)
    assert [one["trace_id"] for one in answer["attempts"]] == ["abc-def", "k7q-4m2"]
    assert answer["card"]["trace_id"] == "abc-def"
    assert answer["unit"]["mac_tail"] == "01"
    said = shell("attempt", "explain", MAC)
    assert said.startswith("abc-def  under way")
    assert "other attempts" in said
    assert "a4:c1" not in said.lower()


def test_an_identifier_is_read_from_standard_input_too(shell: Shell, attempts: list[Attempt]) -> None:
    assert "303 k7q-4m2" in shell("attempt", "explain", "-", stdin=b"303 k7q-4m2\n")
    assert shell.refused("attempt", "explain", "-", stdin=b"") == (
        "nothing is known under this name; what is kept of attempts ends after 30 days"
    )


def test_a_unit_without_attempts_is_known_all_the_same(shell: Shell, attempts: list[Attempt]) -> None:
    said = shell("attempt", "explain", "SQ24-0002-1183")
    assert "no attempts of it are kept" in said
    answer = shell.json("attempt", "explain", "SQ24-0002-1183")
    assert (answer["card"], answer["attempts"], answer["unit"]["activated"]) == (None, [], False)


def test_a_miss_is_exit_code_1_and_repeats_nothing(shell: Shell, attempts: list[Attempt]) -> None:
    for words in ("SQ24-9999-1183", "303 aaa-aaa", "%", "' or 1=1"):
        assert words not in shell.refused("attempt", "explain", words, code=1)


def test_a_code_that_does_not_fit_its_trace_is_said(shell: Shell, attempts: list[Attempt]) -> None:
    assert shell("attempt", "explain", "305 k7q-4m2").startswith("The code that was told is not the present one")
    assert shell.json("attempt", "explain", "305 k7q-4m2")["digits_differ"] is True


def test_a_card_for_programs_has_everything(shell: Shell, attempts: list[Attempt]) -> None:
    card = shell.json("attempt", "explain", "k7q-4m2")["card"]
    assert (card["code"], card["digits"], card["stage"], card["outcome"]) == (
        "tls.client_cert_missing",
        "303",
        "tls",
        "failed",
    )
    assert [stage["passing"] for stage in card["stages"]][2:5] == ["passed", "failed", "not_reached"]
    assert [line["says"] for line in card["timeline"]] == ["pairing_opened", "no_client_certificate", "app_says"]
    assert card["timeline"][1]["confidence"] == "inferred"
    assert card["opened_at"] == attempts[0].opened_at.isoformat(timespec="milliseconds")
    assert card["failing_alike"] == {"units": 1, "days": 7}
    assert len(card["contradictions"]) == 1


def test_a_list_is_chosen_by_time_failure_and_code(shell: Shell, attempts: list[Attempt]) -> None:
    def traces(*options: str) -> list[str]:
        said = shell("attempt", "list", *options)
        return [line.split()[2] for line in said.splitlines()]

    assert traces() == ["abc-def", "k7q-4m2", "xyz-xyz"]
    assert traces("--failed") == ["k7q-4m2", "xyz-xyz"]
    assert traces("--failed", "--since", "2h") == ["k7q-4m2"]
    assert traces("--code", "303") == traces("--code", "tls.client_cert_missing") == ["k7q-4m2", "xyz-xyz"]
    assert traces("--limit", "1") == ["abc-def"]
    assert shell("attempt", "list", "--code", "101") == "no attempts\n"
    assert '"trace_id":"abc-def"' in shell("attempt", "list", "--json")


@pytest.mark.parametrize("since", ["", "2", "h", "-2h", "2w", "99999h", "0x2h", "²h"])
def test_a_time_that_is_none_is_refused(shell: Shell, since: str) -> None:
    said = shell.refused("attempt", "list", "--since", since, code=2)
    assert said == "a time is written like 90m, 2h or 7d"


def test_a_code_that_is_none_is_refused(shell: Shell) -> None:
    assert shell.refused("attempt", "list", "--code", "999", code=2).startswith("there is no such code")
