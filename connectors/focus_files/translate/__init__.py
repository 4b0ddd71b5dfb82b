"""Any FOCUS version as ours: pure functions of frames, no I/O."""
