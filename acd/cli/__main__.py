"""`python -m acd.cli`."""

from acd.cli.main import main

main()
