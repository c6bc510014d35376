"""What every command of the program promises to the person who types it."""
