"""The automatic call distributor: routing, runtime and the rooms of a contact centre."""
