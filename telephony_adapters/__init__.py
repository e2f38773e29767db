"""Everything that speaks to telephones, switches and web pages; one package for each of them.

An adapter translates: its side's words to the events and commands of `acd.routing` and back. It decides
nothing, and no adapter knows another.
"""
