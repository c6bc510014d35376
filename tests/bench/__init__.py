"""Tests of what the measurements compute, not of what they measure."""
