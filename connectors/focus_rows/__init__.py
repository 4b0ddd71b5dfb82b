"""Rows of FOCUS 1.0 to 1.4, as a vendor wrote them, made into `focus.cost_and_usage`: read by whoever gets FOCUS."""
