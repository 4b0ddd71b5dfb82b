"""Dagster's view of the work: assets, checks, jobs, schedules and sensors, each an adapter around a plain function."""
