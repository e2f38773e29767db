"""Seeded customers and agents without a telephone: for demonstrations, tests and load."""
