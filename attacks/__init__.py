"""Runnable attacks on agecheck's own promises. `python -m attacks.run` runs them all."""
