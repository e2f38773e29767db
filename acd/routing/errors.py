"""Defects of the core: only our own mistakes raise them. What the outside sends never does."""

from __future__ import annotations


class Defect(Exception):
    """A developer must act. Nobody catches it: the node stops, nothing of the event was journaled."""


class IllegalTransition(Defect):
    """A fact moved a state in a way that its table does not know."""


class InvariantBroken(Defect):
    """Something that must be true is not."""
