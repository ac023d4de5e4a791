"""The sub-commands, one a file: `add_arguments(parser)` says what it takes, `run(arguments, context)` acts.

Modules here import lightly: what is heavy is imported inside `run`, so that `--help` answers at once.
"""
