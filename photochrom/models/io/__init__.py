"""Model files: reading and writing them, finding them by name, and refusing pickles."""
