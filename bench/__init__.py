"""Measuring tools, one file per question; see README.md."""
