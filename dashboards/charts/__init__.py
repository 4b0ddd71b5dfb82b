"""Charts, all of one make: Altair, one palette, one way to write amounts. A file for each matter; see `base`."""
