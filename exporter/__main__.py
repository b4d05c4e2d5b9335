"""The program: `python -m exporter`, and `pipeline-exporter` when it is installed."""

import signal


def main() -> None:
    """Runs the command line. Ctrl-C ends it without a word, from here until a command heeds it in its own way."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is to be ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from exporter.cli import main as command  # worker processes import the program, and need no commands

    command()


if __name__ == "__main__":
    main()
