"""A run that is killed, interrupted or without a disk goes on where it was, and repeats nothing that was saved."""
