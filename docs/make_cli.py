"""Write docs/cli.md, the reference of the command line, from its own help.

python docs/make_cli.py            # tests/test_docs.py fails if that was forgotten
"""

from __future__ import annotations

from pathlib import Path

import click

from headline_score.cli import main

PAGE = Path(__file__).with_name("cli.md")
WIDTH = 88  # columns of the help
INTRODUCTION = """# Command line

Written by `python docs/make_cli.py` from the help of each command.

Data goes to standard output, words to standard error. The exit code is 0, also when a reader such
as `head` has enough, 1 for an error, 2 for wrong usage.
"""


def reference() -> str:
    """Return the page."""
    context = click.Context(main, info_name="headline-score", max_content_width=WIDTH)
    context.terminal_width = WIDTH
    parts = [INTRODUCTION, _block(context)]
    for name, command in sorted(main.commands.items()):
        below = click.Context(command, info_name=name, parent=context)
        parts += [f"\n## {name}\n", _block(below)]
    return "\n".join(parts)


def _block(context: click.Context) -> str:
    return f"```text\n{context.get_help()}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
