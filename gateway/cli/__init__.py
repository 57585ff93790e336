"""The command line. Each command imports what it needs when it runs, so that `hearthgate --help` answers at once."""
