"""Reads `config/`, checks all of it, and builds the engine's rules and each room's settings."""

from acd.config.compare import changed_files, compare, needs_restart
from acd.config.loading import ConfigErrors, load, sign_ins
from acd.config.schema import build_schema, build_whole_schema
from acd.config.settings import FILES, Settings
from acd.config.versions import Version, Versions, account_name
from acd.ports import ConfigError

__all__ = [
    "FILES",
    "ConfigError",
    "ConfigErrors",
    "Settings",
    "Version",
    "Versions",
    "account_name",
    "build_schema",
    "build_whole_schema",
    "changed_files",
    "compare",
    "load",
    "needs_restart",
    "sign_ins",
]
