"""Makes a release and what comes with it: the same bytes from the same files, and who is in it."""
