"""The command line: one module a command, `terminal` for what they print, `progress` for bars."""
