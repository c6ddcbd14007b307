"""Liveness by physics: pure functions on landmarks, colours and crops; one module a cue.

Each module says which species of attack it stops, and one that it does not.
"""
