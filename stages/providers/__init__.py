"""Who does the work: providers answer requests; nothing else in the program talks to a network."""
