"""Metrics name nobody and count in base units."""

import re

from gateway.observability.metrics import LABELS, Metrics


def test_every_metric_is_ours_in_base_units_with_known_labels() -> None:
    for collector in set(Metrics().registry._collector_to_names):
        name, labels = collector._name, collector._labelnames  # type: ignore[attr-defined]
        assert re.fullmatch(r"hearthgate_[a-z_]+", name)
        assert not re.search(r"_(ms|millis|minutes|hours|kb|mb|percent)(_|$)", name)
        assert set(labels) <= LABELS, name


def test_no_label_can_name_a_device_an_account_or_an_address() -> None:
    assert not LABELS & {"device", "device_id", "account", "account_id", "address", "client", "mac", "unit"}


def test_registries_do_not_share_anything() -> None:
    one, two = Metrics("1"), Metrics("2")
    one.commits.inc()
    assert b"hearthgate_database_commits_total 1.0" in one.text()
    assert b"hearthgate_database_commits_total 0.0" in two.text()
