"""The tree of commands."""

from gateway.cli import accounts, blocking, broker, ca, config, export, serve, setup, simulate, types, units, version
from gateway.cli import audit as audit_commands
from gateway.cli import backup as backups
from gateway.cli import consent as consent_commands
from gateway.cli import erasure as erasures
from gateway.cli import policy as policy_commands
from gateway.cli import staff as staff_commands
from gateway.cli.attempts import commands as attempts
from gateway.cli.command import new_group
from gateway.cli.demo import demo
from gateway.cli.diagnose import diagnose
from gateway.cli.doctor import doctor
from gateway.cli.geofence import geofence

app = new_group(help="A self-hosted gateway between home appliances, their app, and the people who help.")

app.command("version")(version.version)
app.command("demo")(demo)
app.command("init")(setup.init)
app.command("migrate")(serve.migrate)
app.command("serve")(serve.serve)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("doctor")(doctor)
app.command("simulate")(simulate.simulate)
app.command("diagnose")(diagnose)
app.command("geofence")(geofence)

for name, module, about in (
    ("config", config, "The configuration."),
    ("ca", ca, "The certificate authorities."),
    ("broker", broker, "A broker that somebody else runs."),
    ("types", types, "What appliances are: type descriptors."),
    ("units", units, "What the factory made: the production list."),
    ("accounts", accounts, "Accounts from an older system."),
    ("attempt", attempts, "How activations went, and why they failed."),
    ("staff", staff_commands, "Those who work at the support console."),
    ("audit", audit_commands, "The record of who of the staff looked at what."),
    ("erasure", erasures, "Receipts of erasures."),
    ("policy", policy_commands, "Versions of the privacy policy."),
    ("consent", consent_commands, "Receipts of consents."),
    ("export", export, "Documents that are made from the code."),
):
    app.add_typer(module.group, name=name, help=about)

units.group.command("block")(blocking.block)
units.group.command("unblock")(blocking.unblock)
ca.group.command("crl")(blocking.crl)
