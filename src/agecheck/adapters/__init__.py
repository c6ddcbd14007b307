"""One class for each port, on the shipped models."""
