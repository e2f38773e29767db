"""The SQL of the customers room: each function works in the transaction that it is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.customers.following import ContactChange
from acd.customers.tables import CUSTOMER_CONTACTS, CUSTOMER_IDENTITIES, CUSTOMER_JOININGS, CUSTOMERS
from acd.database import moment_of, ms_of
from acd.ports import CustomerCard, TimelineContact
from acd.routing.model import AgentId, ContactId, Identity, TicketId

VARIABLES_MAX: Final = 500
"""How many values one question may list: far under what either database allows."""


async def write_changes(connection: AsyncConnection, changes: Sequence[ContactChange]) -> None:
    """Write one change for each contact: first whose they are, then the rows."""
    accounts = _Accounts(connection)
    await accounts.load([identity for change in changes for identity in change.identities])
    for change in changes:
        if change.identities:
            change.values["customer"] = await accounts.account_of(change)
    for change in changes:
        if "customer" in change.values:
            change.values["customer"] = accounts.now(change.values["customer"])
    await _write_rows(connection, changes)


async def read_customer(
    connection: AsyncConnection, identities: Sequence[Identity], limit: int
) -> CustomerCard | None:
    """Return the account of the first of these identities that is known."""
    known = await _customers_of(connection, identities)
    customer = next((known[identity] for identity in identities if identity in known), None)
    if customer is None:
        return None
    name = (await connection.execute(select(CUSTOMERS.c.name).where(CUSTOMERS.c.id == customer))).scalar_one()
    borne = await connection.execute(
        select(CUSTOMER_IDENTITIES.c.identity)
        .where(CUSTOMER_IDENTITIES.c.customer == customer)
        .order_by(CUSTOMER_IDENTITIES.c.known_since_at, CUSTOMER_IDENTITIES.c.identity)
    )
    rows = await connection.execute(
        select(CUSTOMER_CONTACTS)
        .where(CUSTOMER_CONTACTS.c.customer == customer)
        .order_by(CUSTOMER_CONTACTS.c.arrived_at.desc(), CUSTOMER_CONTACTS.c.contact)
        .limit(limit)
    )
    return CustomerCard(
        str(customer), name, [Identity(each) for each in borne.scalars()], [_timeline(row) for row in rows]
    )


class _Accounts:
    """Which identity belongs to whom, while one batch is written."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._customers: dict[str, int] = {}
        self._joined: dict[int, int] = {}

    async def load(self, identities: Sequence[Identity]) -> None:
        """Read who bears these."""
        self._customers = await _customers_of(self._connection, identities)

    def now(self, customer: int) -> int:
        """Return the account that an account has become."""
        while customer in self._joined:
            customer = self._joined[customer]
        return customer

    async def account_of(self, change: ContactChange) -> int:
        """Return whose contact this is: join accounts that turn out to be one, make one for a stranger."""
        borne = {self.now(self._customers[each]) for each in change.identities if each in self._customers}
        if not borne:
            customer = await self._make(change)
        else:
            customer = min(borne)
            for other in sorted(borne - {customer}):
                await self._join(other, customer, change)
            if change.name:
                named = update(CUSTOMERS).where(CUSTOMERS.c.id == customer).values(name=change.name)
                await self._connection.execute(named)
        fresh = [each for each in change.identities if each not in self._customers]
        if fresh:
            rows = [
                {
                    "identity": each,
                    "customer": customer,
                    "is_verified": each in change.verified,
                    "known_since_at": moment_of(change.at_ms),
                }
                for each in fresh
            ]
            await self._connection.execute(insert(CUSTOMER_IDENTITIES), rows)
            self._customers.update(dict.fromkeys(fresh, customer))
        return customer

    async def _make(self, change: ContactChange) -> int:
        row = {"name": change.name, "known_since_at": moment_of(change.at_ms)}
        made = await self._connection.execute(insert(CUSTOMERS).values(row).returning(CUSTOMERS.c.id))
        customer: int = made.scalar_one()
        return customer

    async def _join(self, other: int, customer: int, change: ContactChange) -> None:
        for table in (CUSTOMER_IDENTITIES, CUSTOMER_CONTACTS):
            theirs = update(table).where(table.c.customer == other).values(customer=customer)
            await self._connection.execute(theirs)
        row = {"account": other, "into": customer, "contact": change.contact, "at": moment_of(change.at_ms)}
        await self._connection.execute(insert(CUSTOMER_JOININGS).values(row))
        self._joined[other] = customer


async def _customers_of(connection: AsyncConnection, identities: Sequence[Identity]) -> dict[str, int]:
    distinct = sorted(set(identities))
    found: dict[str, int] = {}
    for begin in range(0, len(distinct), VARIABLES_MAX):
        part = CUSTOMER_IDENTITIES.c.identity.in_(distinct[begin : begin + VARIABLES_MAX])
        rows = await connection.execute(
            select(CUSTOMER_IDENTITIES.c.identity, CUSTOMER_IDENTITIES.c.customer).where(part)
        )
        found.update((row.identity, row.customer) for row in rows)
    return found


async def _write_rows(connection: AsyncConnection, changes: Sequence[ContactChange]) -> None:
    contacts = [change.contact for change in changes]
    there: set[str] = set()
    for begin in range(0, len(contacts), VARIABLES_MAX):
        part = CUSTOMER_CONTACTS.c.contact.in_(contacts[begin : begin + VARIABLES_MAX])
        there |= set((await connection.execute(select(CUSTOMER_CONTACTS.c.contact).where(part))).scalars())
    # Rows with the same columns go together: one statement for many.
    alike: dict[tuple[bool, tuple[str, ...]], list[dict[str, Any]]] = defaultdict(list)
    for change in changes:
        row = dict(sorted(change.values.items())) | {"_contact": change.contact}
        alike[change.contact in there, tuple(row)].append(row)
    for (is_there, columns), rows in alike.items():
        if not is_there:
            await connection.execute(insert(CUSTOMER_CONTACTS), [_renamed(row) for row in rows])
        elif len(columns) > 1:
            statement = update(CUSTOMER_CONTACTS).where(CUSTOMER_CONTACTS.c.contact == bindparam("_contact"))
            await connection.execute(statement, rows)


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    return {("contact" if name == "_contact" else name): value for name, value in row.items()}


def _timeline(row: Row[Any]) -> TimelineContact:
    return TimelineContact(
        ContactId(row.contact),
        row.channel,
        row.origin,
        row.queue,
        0 if row.arrived_at is None else ms_of(row.arrived_at),
        None if row.answered_at is None else ms_of(row.answered_at),
        None if row.ended_at is None else ms_of(row.ended_at),
        row.outcome,
        None if row.agent is None else AgentId(row.agent),
        row.disposition,
        row.notes,
        None if row.ticket is None else TicketId(row.ticket),
    )
