"""The tree of commands."""

from gateway.cli import accounts, ca, config, setup, types, units, version
from gateway.cli.command import new_group

app = new_group(help="A self-hosted gateway between home appliances, their app, and the people who help.")

app.command("version")(version.version)
app.command("init")(setup.init)

for name, module, about in (
    ("config", config, "The configuration."),
    ("ca", ca, "The certificate authorities."),
    ("types", types, "What appliances are: type descriptors."),
    ("units", units, "What the factory made: the production list."),
    ("accounts", accounts, "Accounts from an older system."),
):
    app.add_typer(module.group, name=name, help=about)
