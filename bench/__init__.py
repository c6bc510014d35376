"""How fast, how large, how far it scales: measurements that a reader can run (`python -m bench --help`).

Law: every figure is a ratio inside one run, or a count; nothing is asserted while a clock runs. What can be counted
has a test in tests/.
"""
