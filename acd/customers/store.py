"""The SQL of the customers room: each function works in the transaction that it is given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.customers.following import ContactChange
from acd.customers.tables import CUSTOMER_CONTACTS, CUSTOMER_IDENTITIES, CUSTOMER_JOININGS, CUSTOMERS
from acd.database import moment_of, ms_of, plain_text
from acd.ports import CustomerCard, TimelineContact
from acd.routing.model import AgentId, ContactId, Identity, TicketId

VARIABLES_MAX: Final = 500
"""How many values one question may list: far under what either database allows."""
ROWS_AT_ONCE: Final = 64
"""Rows of one statement: they are made ready in the loop's thread, where an agent's offer waits meanwhile."""


_UPDATE: Final = update(CUSTOMER_CONTACTS).where(CUSTOMER_CONTACTS.c.contact == bindparam("_contact"))


async def write_changes(connection: AsyncConnection, changes: Sequence[ContactChange]) -> None:
    """Write one change for each contact: first whose they are, then the rows."""
    accounts = _Accounts(connection)
    await accounts.load([identity for change in changes for identity in change.identities])
    for change in changes:
        if change.identities:
            change.values["customer"] = await accounts.account_of(change)
    await accounts.write()
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
    """Which identity belongs to whom, while one batch is written.

    Strangers bear numbers below zero until `write` makes all their accounts by one statement: a statement for
    each of them took more of the server's time than routing them did.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._customers: dict[str, int] = {}
        self._became: dict[int, int] = {}
        self._strangers: dict[int, dict[str, Any]] = {}
        self._names: dict[int, str] = {}
        self._fresh: list[dict[str, Any]] = []

    async def load(self, identities: Sequence[Identity]) -> None:
        """Read who bears these."""
        self._customers = await _customers_of(self._connection, identities)

    def now(self, customer: int) -> int:
        """Return the account that an account has become."""
        while customer in self._became:
            customer = self._became[customer]
        return customer

    async def account_of(self, change: ContactChange) -> int:
        """Return whose contact this is: join accounts that turn out to be one, make one for a stranger."""
        borne = {self.now(self._customers[each]) for each in change.identities if each in self._customers}
        if not borne:
            customer = self._make(change)
        else:
            customer = min(borne, key=_age)
            for other in sorted(borne - {customer}, key=_age):
                await self._join(other, customer, change)
            if change.name:
                self._names[customer] = change.name
        for each in change.identities:
            if each not in self._customers:
                self._customers[each] = customer
                self._fresh.append(
                    {
                        "identity": each,
                        "customer": customer,
                        "is_verified": each in change.verified,
                        "known_since_at": moment_of(change.at_ms),
                    }
                )
        return customer

    async def write(self) -> None:
        """Make the accounts of strangers, and write names and identities."""
        await self._write_strangers()
        rows = [row | {"customer": self.now(row["customer"])} for row in self._fresh]
        if rows:
            await self._connection.execute(insert(CUSTOMER_IDENTITIES), rows)
        names = {
            customer: name
            for customer, name in self._names.items()
            if customer > 0 and customer not in self._became
        }
        if names:
            named = (
                update(CUSTOMERS).where(CUSTOMERS.c.id == bindparam("_id")).values(name=bindparam("_name"))
            )
            await self._connection.execute(
                named, [{"_id": customer, "_name": name} for customer, name in names.items()]
            )

    async def _write_strangers(self) -> None:
        strangers = [number for number in self._strangers if number not in self._became]
        if not strangers:
            return
        rows = [
            self._strangers[number] | ({"name": self._names[number]} if number in self._names else {})
            for number in strangers
        ]
        # The database may hand the new rows back in any order; those that are alike are as good as each other.
        made = await self._connection.execute(
            insert(CUSTOMERS).returning(CUSTOMERS.c.id, CUSTOMERS.c.name, CUSTOMERS.c.known_since_at), rows
        )
        numbers: dict[tuple[str, datetime], list[int]] = defaultdict(list)
        for number, name, since in sorted(map(tuple, made.all()), reverse=True):
            numbers[name, since].append(number)
        for stranger, row in zip(strangers, rows, strict=True):
            self._became[stranger] = numbers[plain_text(row["name"]), row["known_since_at"]].pop()

    def _make(self, change: ContactChange) -> int:
        number = -1 - len(self._strangers)
        self._strangers[number] = {"name": change.name, "known_since_at": moment_of(change.at_ms)}
        return number

    async def _join(self, other: int, customer: int, change: ContactChange) -> None:
        self._became[other] = customer
        if other < 0:
            return  # made in this batch: no row bears its number
        for table in (CUSTOMER_IDENTITIES, CUSTOMER_CONTACTS):
            theirs = update(table).where(table.c.customer == other).values(customer=customer)
            await self._connection.execute(theirs)
        row = {"account": other, "into": customer, "contact": change.contact, "at": moment_of(change.at_ms)}
        await self._connection.execute(insert(CUSTOMER_JOININGS).values(row))


def _age(customer: int) -> tuple[bool, int]:
    """Order accounts by age: those in the tables first, then those of this batch as they were met."""
    return customer < 0, abs(customer)


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
        listed = CUSTOMER_CONTACTS.c.contact.in_(contacts[begin : begin + VARIABLES_MAX])
        known = await connection.execute(select(CUSTOMER_CONTACTS.c.contact).where(listed))
        there |= set(known.scalars())
    # Rows with the same columns go together: one statement for many.
    alike: dict[tuple[bool, tuple[str, ...]], list[dict[str, Any]]] = defaultdict(list)
    for change in changes:
        row = dict(sorted(change.values.items())) | {"_contact": change.contact}
        alike[change.contact in there, tuple(row)].append(row)
    for (is_there, columns), rows in alike.items():
        if is_there and len(columns) == 1:
            continue
        for begin in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[begin : begin + ROWS_AT_ONCE]
            if is_there:
                await connection.execute(_UPDATE, part)
            else:
                await connection.execute(insert(CUSTOMER_CONTACTS), [_renamed(row) for row in part])


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
