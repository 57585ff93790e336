"""`python -m gateway`, the same as the command `hearthgate`."""

from gateway.cli.app import app


def main() -> None:
    """Run the command line of this process."""
    app(prog_name="hearthgate")


if __name__ == "__main__":
    main()
