"""Figures folded from facts. Pure: no IO, no clock, no chance; the same records give the same figures."""
