"""`acd config ...`: the schema, earlier versions, what differs, and back to an earlier one; `acd hash-password`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from argon2 import PasswordHasher

from acd.cli.printing import for_operators, out, refuse
from acd.config import (
    FILES,
    Settings,
    Versions,
    account_name,
    build_schema,
    build_whole_schema,
    compare,
    load,
    needs_restart,
)
from acd.runtime.clock import Clock

app = typer.Typer(no_args_is_help=True, help="The configuration: its schema, its versions, what changed.")

Config = Annotated[Path, typer.Option("--config", help="The folder of the configuration.")]
Var = Annotated[Path, typer.Option("--var", help="The folder of the data, which keeps the versions.")]


@app.command()
def schema(
    file: Annotated[
        str, typer.Argument(help="One file, as queues.yaml; without it all of them together.")
    ] = "",
) -> None:
    """Print the JSON Schema, for editors that complete and check while one types."""
    name = file if not file or file.endswith(".yaml") else f"{file}.yaml"
    if name and name not in FILES:
        refuse(f'found "{file}", expected one of: {", ".join(FILES)}')
    described = build_schema(name) if name else build_whole_schema()
    out.print(json.dumps(described, indent=2, ensure_ascii=False), markup=False)


@app.command("versions")
def list_versions(var: Var = Path("var")) -> None:
    """List the versions that are kept: number, when, who, why."""
    if not var.is_dir():
        refuse(f"found no folder {var}, expected the folder of the data, as --var")
    kept = Versions(var / "config").all()
    for version in kept:
        at = version.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        out.print(f"{version.number:>6}  {at}  {version.by}  {version.note}".rstrip(), markup=False)
    if not kept:
        out.print(f"No version is kept under {var}; the server keeps one at its start and at each change.")


@app.command()
def diff(
    old: Annotated[int, typer.Argument(help="A version; 0 means the latest that is kept.")] = 0,
    new: Annotated[int, typer.Argument(help="Another version; 0 means the files as they are now.")] = 0,
    config: Config = Path("config"),
    var: Var = Path("var"),
) -> None:
    """Show what changed from one version to another, or to the files as they are now. Secrets are not shown."""
    versions = Versions(var / "config")
    with for_operators():
        before = versions.read(old or _latest(versions, var))
        after = versions.read(new) if new else load(config)
    _show(before, after)


@app.command()
def rollback(
    version: Annotated[
        int, typer.Argument(help="The version to go back to; `acd config versions` lists them.")
    ],
    config: Config = Path("config"),
    var: Var = Path("var"),
) -> None:
    """Put the files of an earlier version in place. What stood there is kept as a version first."""
    if not config.is_dir():
        refuse(f"found no folder {config}, expected that of the configuration, as --config")
    with for_operators():
        versions = Versions(var / "config")
        versions.read(version)
        replaced = versions.keep(
            config, account_name(), Clock().utc_now(), f"before the rollback to {version}"
        )
        versions.restore(version, config)
        now = versions.keep(config, account_name(), Clock().utc_now(), f"rollback to {version}")
    out.print(f"{config} is as in version {version} again, and kept as version {now.number}.", markup=False)
    out.print(f"What stood there before is version {replaced.number}.")
    out.print("It is in force after the next reload or start.")


def _show(before: Settings, after: Settings) -> None:
    lines = compare(before, after)
    for line in lines:
        out.print(line, markup=False)
    if not lines:
        out.print("Nothing differs.")
    for part in needs_restart(before, after):
        out.print(f"{part}: waits for the next start", markup=False)


def _latest(versions: Versions, var: Path) -> int:
    kept = versions.all()
    if not kept:
        refuse(f"no version is kept under {var}: the server keeps one at its start")
    return kept[-1].number


def hash_password() -> None:
    """Ask for a password, and print the hash to put into people.yaml as password_hash."""
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    if len(password) < 8:
        refuse("found a password of fewer than 8 characters, expected at least 8")
    out.print(PasswordHasher().hash(password), markup=False)
