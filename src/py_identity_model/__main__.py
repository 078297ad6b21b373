"""``python -m py_identity_model``: the command line."""

from .cli import main

main()
