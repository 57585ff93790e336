"""Filters of the protocol as subjects of NATS."""

import pytest

from gateway.broker.nats.permissions import ImpossiblePermitError, subjects_of, to_subjects
from gateway.broker.port import Permit
from gateway.domain.identity import Kind

TAIL = "-0123456789abcdefghjkmnpqrs"
OWN = ("$MQTT.sub.>", "$MQTT.deliver.>")


def test_an_appliance_gets_its_own_topics_and_no_more() -> None:
    subjects = subjects_of(Permit(Kind.DEVICE, "d" + TAIL))
    assert subjects.publish == (f"hg.v1.dev.d{TAIL}.up", f"hg.v1.dev.d{TAIL}.up.>")
    assert subjects.subscribe == (f"hg.v1.dev.d{TAIL}.down", f"hg.v1.dev.d{TAIL}.down.>", *OWN)


def test_a_claim_gets_its_question_and_its_answer() -> None:
    subjects = subjects_of(Permit(Kind.CLAIM, "c" + TAIL))
    assert subjects.publish == (f"hg.v1.claim.c{TAIL}.req",)
    assert subjects.subscribe == (f"hg.v1.claim.c{TAIL}.reply", *OWN)


def test_who_may_only_renew_gets_that() -> None:
    subjects = subjects_of(Permit(Kind.DEVICE, "d" + TAIL, renew_only=True))
    assert subjects.publish == (f"hg.v1.dev.d{TAIL}.up.renew",)
    assert subjects.subscribe == (f"hg.v1.dev.d{TAIL}.down.renew", *OWN)


def test_a_gateway_gets_everything_of_ours_and_nothing_of_the_servers() -> None:
    subjects = subjects_of(Permit(Kind.GATEWAY, "g" + TAIL))
    assert subjects.publish == ("hg", "hg.>")


@pytest.mark.parametrize(
    "permit",
    [
        Permit(Kind.GATEWAY, "d" + TAIL),
        Permit(Kind.DEVICE, "g" + TAIL),
        Permit(Kind.CLAIM, "c" + TAIL, renew_only=True),
        Permit(Kind.DEVICE, "d-#"),
        Permit(Kind.DEVICE, ">"),
        Permit(Kind.DEVICE, "d" + TAIL + "\n"),
        Permit(Kind.DEVICE, ""),
    ],
)
def test_a_permit_that_contradicts_itself_gives_nothing(permit: Permit) -> None:
    with pytest.raises(ImpossiblePermitError):
        subjects_of(permit)


@pytest.mark.parametrize(
    ("topic_filter", "subjects"),
    [
        ("a/b", ("a.b",)),
        ("a/+/c", ("a.*.c",)),
        ("a/#", ("a", "a.>")),
        ("+/#", ("*", "*.>")),
        ("#", (">",)),
    ],
)
def test_filters_become_subjects(topic_filter: str, subjects: tuple[str, ...]) -> None:
    assert to_subjects(topic_filter) == subjects
