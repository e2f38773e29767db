"""Opening hours: the calendar of the house, told to the engine as it turns."""

from acd.hours.calendar import Calendar, Turn, build_calendar
from acd.hours.room import HoursRoom

__all__ = ["Calendar", "HoursRoom", "Turn", "build_calendar"]
