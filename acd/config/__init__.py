"""Reads `config/`, checks all of it, and builds the engine's rules and each room's settings."""

from acd.config.loading import ConfigErrors, load, sign_ins
from acd.config.settings import FILES, Settings
from acd.ports import ConfigError

__all__ = ["FILES", "ConfigError", "ConfigErrors", "Settings", "load", "sign_ins"]
