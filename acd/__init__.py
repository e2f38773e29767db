"""An automatic call distributor: it decides who serves whom, and can say why.

The rooms of the house are the packages below; the order in which they may import each other stands in
`pyproject.toml` (the floors) and is held by `make check`.
"""
