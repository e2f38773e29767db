"""The base of all forms."""

from __future__ import annotations

import msgspec


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One mapping of the configuration: its fields are the keys, a field without a default must be given."""
