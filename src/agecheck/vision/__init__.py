"""Pure functions on arrays: what goes into the networks, and what is made of their output."""
