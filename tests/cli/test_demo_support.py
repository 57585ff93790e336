"""The demo's login at the support console lets in, at the first start and at the next."""

from pathlib import Path

from gateway.bootstrap.secrets import open_secrets
from gateway.cli.demo.support import ready_login
from gateway.config import Settings
from gateway.runtime.clock import utc_now
from gateway.security.passwords import BcryptPasswords
from gateway.usecases.staff_sessions import LoggedIn, log_in
from tests.databases import opened

PASSWORD = "a password of the demo"


async def test_the_login_of_the_demo_lets_in_and_is_made_anew_at_each_start(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"data_folder": tmp_path, "region": "local", "passwords": {"bcrypt_cost": 10, "workers": 1}}
    )
    secrets = open_secrets(settings, utc_now)
    passwords = BcryptPasswords(secrets.keys, cost=10, workers=1, queue=4)
    with opened(f"sqlite:///{tmp_path}/demo.db") as database:
        first = await ready_login(database, secrets, settings, PASSWORD)
        second = await ready_login(database, secrets, settings, PASSWORD)
        assert first.secret != second.secret
        outcomes = [
            await log_in(
                database,
                second.name,
                PASSWORD,
                login.code,
                passwords=passwords,
                indexes=secrets.indexes,
                sealer=secrets.sealer,
                tokens=secrets.tokens,
                address="127.0.0.1",
                now=utc_now(),
            )
            for login in (first, second)
        ]
    passwords.close()
    assert [isinstance(outcome, LoggedIn) for outcome in outcomes] == [first.code == second.code, True]
