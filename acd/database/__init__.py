"""The SQL engine and the migrations that the rooms share; DESIGN, section 4."""

from acd.database.errors import DatabaseUnusable, SchemaTooNew
from acd.database.opening import Database, open_database
from acd.database.spool import Spool
from acd.database.tables import METADATA, PlainText, UtcMoment, moment_of, ms_of, plain_text

__all__ = [
    "METADATA",
    "Database",
    "DatabaseUnusable",
    "PlainText",
    "SchemaTooNew",
    "Spool",
    "UtcMoment",
    "moment_of",
    "ms_of",
    "open_database",
    "plain_text",
]
