"""The same promises on the real kernel: power cuts, kills, traces, full and forbidden disks, and the whole program."""
