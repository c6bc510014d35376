"""The tests mirror the code; beside them stand crash, resume, architecture and document tests."""
