"""Tests of the event log engine."""
