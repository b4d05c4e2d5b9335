"""The program: `python -m exporter`, and `pipeline-exporter` when it is installed."""


def main() -> None:
    """Runs the command line."""
    from exporter.cli import main as command  # worker processes import the program, and need no commands

    command()


if __name__ == "__main__":
    main()
