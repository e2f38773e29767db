"""The bot that takes a matter down when nobody can serve in time; DESIGN, sections 3 and 4."""

from acd.intake.dialogue import Category
from acd.intake.room import IntakeRoom, IntakeSettings

__all__ = ["Category", "IntakeRoom", "IntakeSettings"]
