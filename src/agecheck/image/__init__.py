"""Picture intake: whatever a caller hands in becomes an RGB frame, or a typed error."""
