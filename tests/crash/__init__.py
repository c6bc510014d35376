"""Crash tests of the event log engine: every moment, every image, every failure."""
