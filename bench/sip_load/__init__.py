"""Telephones and callers for measuring: SIP of its own, so that it bears witness against ours.

Nothing here imports the code that is measured.
"""
