"""Other programs that keep events, one file each: `contenders(folder)` gives the ways in which they do it.

Law: each is asked for its own durable setting; what does not sync is marked and never counted as beaten.
"""

PEERS = (
    "sqlite",
    "eventsourcing_",
    "dbos_",
    "langgraph_",
    "diskcache_",
    "lmdb_",
    "rocksdict_",
    "old_program",
)
