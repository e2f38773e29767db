"""The commands, their options and their help."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.progress import Progress

from acd.app import ServeOptions, serve
from acd.app.grafana import build_board
from acd.cli import configuring, journal
from acd.cli.announcing import announce
from acd.cli.explaining import life_of
from acd.cli.journal import open_reader
from acd.cli.printing import STATUS_DEFECT, err, for_operators, moment, out, refuse
from acd.cli.simulating import simulate
from acd.cli.words import said, seconds
from acd.config import load
from acd.routing.model import ContactId
from acd.runtime.journal import owner_of
from acd.runtime.loop import NodeStopped

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The automatic call distributor: routes calls and chats to agents, and can say why.",
)
app.add_typer(journal.app, name="journal")
app.add_typer(configuring.app, name="config")
app.command("hash-password")(configuring.hash_password)
app.command("simulate")(simulate)

Config = Annotated[Path, typer.Option("--config", help="The folder of the configuration.")]
Var = Annotated[Path, typer.Option("--var", help="The folder of the data: journal, database, recordings.")]
Set = Annotated[
    list[str],
    typer.Option("--set", metavar="FILE.KEY=VALUE", help="Put one value in place, as server.http.port=0."),
]


@app.command("serve")
def serve_command(
    config: Config = Path("config"),
    var: Var = Path("var"),
    overrides: Set = [],  # noqa: B006 - typer reads the default and never changes it
    demo: Annotated[bool, typer.Option("--demo", help="Add simulated agents and customers.")] = False,
) -> None:
    """Start the server, and run until Ctrl+C or SIGTERM. A second Ctrl+C does not wait.

    Exit status: 0 stopped as asked; 1 a defect (set aside under VAR/journal/quarantine, the next start goes on without
    it); 2 something for you to mend, said in words.
    """
    options = ServeOptions(config, var, tuple(overrides), demo)
    with for_operators(), Progress(console=err, transient=True) as bar:
        task = bar.add_task("reading the journal", visible=False)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serve(options, lambda house, node: announce(house, node, bar), progress))
        except NodeStopped as error:
            err.print(f"acd: stopped by a defect: {error}", markup=False)
            raise typer.Exit(STATUS_DEFECT) from error
    logging.shutdown()


@app.command("check-config")
def check_config(config: Config = Path("config"), overrides: Set = []) -> None:  # noqa: B006 - as above
    """Check the configuration: every problem with file, line, key, found and expected. Opens nothing."""
    with for_operators():
        settings = load(config, overrides=overrides)
    rules = settings.rules
    out.print(
        f"{config} is in order: {len(rules.queues)} queues, {len(rules.entries)} entries, {len(rules.agents)} agents, "
        f"{len(rules.skills)} skills, {len(rules.regions)} regions"
    )


@app.command("reload")
def reload_config(config: Config = Path("config"), var: Var = Path("var")) -> None:
    """Bring a changed configuration into force in the running server.

    Contacts in line keep the rules they entered under.
    The configuration is checked first: with a problem nothing is sent. What came of it stands in the server's log.
    """
    check_config(config)
    pid = owner_of(var / "journal")
    if pid is None:
        refuse(f"no server runs on {var}")
    os.kill(pid, signal.SIGHUP)
    out.print(f"the server (pid {pid}) reads its configuration again; its log says when it is in force")


@app.command()
def explain(
    contact: Annotated[str, typer.Argument(help="Id of the contact, as desks and logs show it.")],
    var: Var = Path("var"),
) -> None:
    """Tell the life of a contact: who was eligible, who was passed over and why, the ranks, the rules."""
    reader = open_reader(var)
    with for_operators(), Progress(console=err, transient=True) as bar:
        task = bar.add_task("reading the journal", total=reader.extent().last_seq)
        moments = list(life_of(ContactId(contact), reader, lambda seq: bar.update(task, completed=seq)))
    if not moments:
        extent = reader.extent()
        refuse(
            f'unknown contact "{contact}": not in records {extent.base_seq + 1} to {extent.last_seq} of {var}'
        )
    first_ms = moments[0].at_ms
    out.print(f"Contact {contact}, first seen {moment(first_ms)}", markup=False)
    for told in moments:
        lines = said(told.fact)
        for number, text in enumerate(lines):
            stamp = f"+{seconds(told.at_ms - first_ms)}" if number == 0 else ""
            out.print(f"{stamp:>14}  {'  ' if number else ''}{text}", markup=False)


@app.command()
def grafana() -> None:
    """Print a board for Grafana, to be imported there; it shows what `/metrics` has."""
    out.print(json.dumps(build_board(), indent=2), markup=False)


def main() -> None:
    """Run the command line."""
    app()
