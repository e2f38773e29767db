"""Puts the house together from its settings, and runs it until it is told to stop."""

from acd.app.house import House
from acd.app.serving import ServeOptions, serve

__all__ = ["House", "ServeOptions", "serve"]
