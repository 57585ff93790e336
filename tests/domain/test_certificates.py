from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.certificates import (
    BACKDATE,
    LIFE,
    RENEW_ONLY,
    UNCONFIRMED_LIMIT,
    Alive,
    Certificate,
    CertificateState,
    Confirmation,
    Dead,
    RenewOnly,
    confirm,
    due_for_renewal,
    expire,
    issue,
    plan,
    revoke,
    standing,
)
from gateway.domain.failures import Code
from gateway.domain.identity import DeviceId

DEVICE = DeviceId("d-1")
DEAD = Dead(Code.TLS_CLIENT_CERT_INVALID)


def issued(now: datetime, serial: str = "0a") -> Certificate:
    prepared = plan(serial=serial, device_id=DEVICE, key_digest=serial.encode(), now=now)
    return issue(prepared, pem=f"PEM {serial}", fingerprint=serial.encode(), now=now)


def confirmed(now: datetime, serial: str = "0a") -> Certificate:
    return confirm((), issued(now, serial), now).confirmed


def test_a_plan_has_whole_seconds_begins_a_day_back_and_leaves_time_to_renew(now: datetime) -> None:
    prepared = plan(serial="0a", device_id=DEVICE, key_digest=b"k", now=now)
    start = now.replace(microsecond=0)
    assert prepared.not_before == start - BACKDATE
    assert prepared.not_after == start + LIFE
    assert prepared.x509_not_after == start + LIFE + RENEW_ONLY
    assert prepared.not_before < prepared.renew_after < prepared.not_after
    assert (prepared.renew_after - start) / LIFE == pytest.approx(2 / 3)


def test_signing_twice_changes_nothing_the_second_time(now: datetime) -> None:
    once = issued(now)
    assert issue(once, pem="another", fingerprint=b"another", now=now + timedelta(1)) is once


def test_a_certificate_that_is_only_prepared_opens_nothing(now: datetime) -> None:
    assert standing(plan(serial="0a", device_id=DEVICE, key_digest=b"k", now=now), now) == DEAD


def test_an_unconfirmed_certificate_lives_a_day(now: datetime) -> None:
    fresh = issued(now)
    assert standing(fresh, now) == Alive()
    assert standing(fresh, now + UNCONFIRMED_LIMIT - timedelta(seconds=1)) == Alive()
    assert standing(fresh, now + UNCONFIRMED_LIMIT) == DEAD
    assert expire(fresh, now + UNCONFIRMED_LIMIT).state is CertificateState.EXPIRED


def test_a_confirmed_certificate_lives_its_life_then_may_renew_then_is_dead(now: datetime) -> None:
    certificate = confirmed(now)
    assert standing(certificate, certificate.not_after - timedelta(seconds=1)) == Alive()
    assert standing(certificate, certificate.not_after) == RenewOnly()
    assert expire(certificate, certificate.not_after) is certificate
    assert standing(certificate, certificate.x509_not_after - timedelta(seconds=1)) == RenewOnly()
    assert standing(certificate, certificate.x509_not_after) == DEAD
    assert expire(certificate, certificate.x509_not_after).state is CertificateState.EXPIRED


def test_renewal_is_due_from_two_thirds_on(now: datetime) -> None:
    certificate = confirmed(now)
    assert not due_for_renewal(certificate, certificate.renew_after - timedelta(seconds=1))
    assert due_for_renewal(certificate, certificate.renew_after)


def test_the_old_certificate_ends_only_when_the_new_one_is_seen(now: datetime) -> None:
    old, new = confirmed(now), issued(now + timedelta(days=250), "0b")
    later = now + timedelta(days=250, seconds=9)
    assert standing(old, later) == Alive()
    confirmation = confirm([old, new], new, later)
    assert confirmation.confirmed.state is CertificateState.CONFIRMED
    assert confirmation.confirmed.confirmed_at == later
    assert [(one.serial, one.state, one.ended_at) for one in confirmation.superseded] == [
        ("0a", CertificateState.SUPERSEDED, later)
    ]


def test_the_old_certificate_is_superseded_even_when_both_were_made_in_the_same_instant(now: datetime) -> None:
    old, new = confirmed(now), issued(now, "0b")
    assert [one.serial for one in confirm([old, new], new, now).superseded] == ["0a"]


def test_seeing_an_older_unconfirmed_one_leaves_the_newer_answer_alive(now: datetime) -> None:
    first, second = issued(now), issued(now + timedelta(seconds=5), "0b")
    assert confirm([first, second], first, now + timedelta(seconds=9)).superseded == ()
    ended = confirm([first, second], second, now + timedelta(seconds=9)).superseded
    assert [one.serial for one in ended] == ["0a"]


def test_seeing_a_confirmed_or_dead_certificate_again_changes_nothing(now: datetime) -> None:
    certificate = confirmed(now)
    assert confirm([certificate], certificate, now) == Confirmation(certificate)
    for dead in (revoke(certificate, now), replace(certificate, state=CertificateState.SUPERSEDED)):
        assert confirm([certificate, dead], dead, now) == Confirmation(dead)
    late = issued(now)
    assert confirm([certificate, late], late, now + UNCONFIRMED_LIMIT) == Confirmation(late)


def test_another_devices_certificate_is_left_alone(now: datetime) -> None:
    foreign = replace(confirmed(now), device_id=DeviceId("d-2"))
    new = issued(now, "0b")
    assert confirm([foreign, new], new, now).superseded == ()


def test_a_revoked_certificate_is_dead_and_stays_revoked(now: datetime) -> None:
    gone = revoke(confirmed(now), now)
    assert standing(gone, now) == DEAD
    assert revoke(gone, now + timedelta(1)) is gone
    assert expire(gone, now + timedelta(999)) is gone


def test_no_name_or_key_is_in_the_text_form(now: datetime) -> None:
    assert "d-1" not in repr(confirmed(now))
    assert "PEM" not in repr(confirmed(now))
