"""Desks: where agents and supervisors sit. One websocket each, HTTP beside it, roles, audit, live views."""
