"""`hearthgate init`: everything that a first start needs, made where it is missing."""

from gateway.cli.command import AsJson, ConfigFile, command, say, say_json


@command
def init(*, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Make the data folder, the master key and the certificate authorities. What exists stays as it is."""
    from gateway.cli.opening import authorities
    from gateway.config import load
    from gateway.runtime.clock import utc_now

    settings = load(config)
    settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key_was_there = settings.keys.master_key is not None or settings.master_key_file.exists()
    made = authorities(settings, make_key=True).create(utc_now())
    if as_json:
        say_json(
            {
                "data_folder": str(settings.data_folder),
                "master_key_made": not key_was_there,
                "authorities_made": [authority.name for authority in made],
            },
        )
        return
    say(f"data folder   {settings.data_folder}")
    if settings.keys.master_key is None:
        note = (
            "there already" if key_was_there else "made; keep a copy apart from the backups: without it they are noise"
        )
        say(f"master key    {settings.master_key_file} ({note})")
    for authority in made:
        say(f"authority     {authority.name} made, SHA-256 {authority.fingerprint}")
    if not made:
        say("authorities   there already")
