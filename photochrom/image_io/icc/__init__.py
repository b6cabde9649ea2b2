"""ICC profiles: what colors a file's numbers mean."""
