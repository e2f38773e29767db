"""Tickets: what could not be served at once, until it is settled; DESIGN, section 4."""

from acd.tickets.room import TicketRoom
from acd.tickets.store import Clocks

__all__ = ["Clocks", "TicketRoom"]
