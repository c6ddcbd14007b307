"""Peers of agecheck's benchmark. Each is an entry point; agecheck itself imports none of them."""
