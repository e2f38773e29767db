"""What `acd serve` prints when it is ready: where everything is, and who may try it out."""

from __future__ import annotations

from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from acd.app import House
from acd.cli.printing import out
from acd.config import sign_ins
from acd.runtime.node import Node


def announce(house: House, node: Node, bar: Progress) -> None:
    """Print addresses and the sign-ins of the example people."""
    bar.stop()
    table = Table.grid(padding=(0, 2))
    address = house.site.address
    for what, where in (
        ("desks", f"{address}/"),
        ("customer page", f"{address}/chat"),
        ("SIP", "udp {}:{}".format(*house.sip.address)),
        ("metrics, health", f"{address}/metrics {address}/healthz {address}/readyz"),
        ("data", str(house.var)),
    ):
        table.add_row(escape(what), escape(where))
    found = node.recovered
    out.print(
        f"ACD is ready: epoch {node.loop.epoch}, {found.last_seq} records recovered in {found.seconds:.2f} s"
    )
    out.print(table)
    people = sign_ins(house.settings)
    if people:
        out.print("Sign-ins for trying it out (example passwords; replace them before real use):")
        listed = Table.grid(padding=(0, 2))
        for name, person in people:
            phone = f"phone {person.phone.number} / {person.phone.password}" if person.phone else ""
            listed.add_row(*map(escape, (name, person.example_password or "", person.role.value, phone)))
        out.print(listed)
