"""The console over TLS, as staff at other machines reach it: its own certificate, and cookies for this host alone."""

import ssl
from pathlib import Path

import aiohttp

from gateway.bootstrap.secrets import open_secrets
from gateway.runtime.clock import utc_now
from gateway.security.authorities import AuthorityName
from tests.home import gateway_running, settings_for


async def test_the_console_has_a_certificate_and_cookies_of_this_host(tmp_path: Path) -> None:
    base = settings_for(tmp_path / "gateway")
    settings = base.model_copy(update={"console": base.console.model_copy(update={"tls": "issued"})})
    async with gateway_running(settings) as application, aiohttp.ClientSession() as session:
        trusted = open_secrets(settings, utc_now).authorities.bundle(AuthorityName.HTTPS)
        context = ssl.create_default_context(cadata=trusted)
        url = application.parts.console.url
        assert url.startswith("https://")
        async with session.get(f"{url}/log-in", ssl=context) as answer:
            assert answer.status == 200
            cookie = answer.headers["Set-Cookie"]
            assert cookie.startswith("__Host-hg-form=")
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= {part.strip() for part in cookie.split(";")}
            assert "Domain" not in cookie
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
