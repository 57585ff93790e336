"""Where the keys of persons may be."""

import pytest

from gateway.config import load
from tests.config_problems import SECRET, problems

KEY_STORE = f"postgresql+psycopg://u:{SECRET}@keys.example.org/persons"


def test_the_keys_of_persons_are_a_file_in_the_data_folder_unless_named() -> None:
    settings = load(None, {})
    assert settings.person_keys_url.get_secret_value() == "sqlite:///hearthgate-data/persons.db"
    named = load(
        None, {"HEARTHGATE_KEYS__STORE_URL": KEY_STORE, "HEARTHGATE_DATABASE__ALLOWED_HOSTS": "keys.example.org"}
    )
    assert named.person_keys_url.get_secret_value() == KEY_STORE
    assert SECRET not in repr(named)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        (KEY_STORE, "data stays in its region"),
        ("postgresql://u@127.0.0.1,far.example.org/persons", "data stays in its region"),
        ("postgresql://u@/persons?host=far.example.org", "data stays in its region"),
        ("mysql://localhost/persons", "must begin with"),
        ("https://localhost/persons", "must begin with"),
    ],
)
def test_the_keys_of_persons_stay_in_the_region(url: str, says: str) -> None:
    [told] = problems(None, {"HEARTHGATE_KEYS__STORE_URL": url}).values()
    assert says in told
    assert "example.org" not in told.replace("allowed_hosts", "")
    assert SECRET not in told


def test_the_keys_of_persons_are_never_in_the_database_that_they_seal() -> None:
    url = "postgresql+psycopg://u@localhost/hearthgate"
    for same in (url, "postgresql://somebody_else@localhost/hearthgate"):
        [told] = problems(None, {"HEARTHGATE_DATABASE__URL": url, "HEARTHGATE_KEYS__STORE_URL": same}).values()
        assert "the database itself" in told
    load(None, {"HEARTHGATE_DATABASE__URL": url, "HEARTHGATE_KEYS__STORE_URL": url + "_persons"})
