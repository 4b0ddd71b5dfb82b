"""What of each kind is a condition: pure functions of a publication's frames, one module a kind."""
