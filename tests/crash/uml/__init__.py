"""Crash tests on a kernel of our own (user-mode Linux), with a device mapper: `python -m tests.crash.uml`, as root."""
