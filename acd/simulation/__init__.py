"""A contact centre in virtual time: seeded people and faults around the real engine, and an auditor beside it."""
