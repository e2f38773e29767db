"""Figures by interval, kept: facts folded into quarters of an hour, written when they close."""

from acd.reports.room import ReportRoom

__all__ = ["ReportRoom"]
