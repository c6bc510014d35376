"""The code broken on purpose, to see that the tests notice: `python -m tests.sabotage` prints the table.

Law: each bug is one small patch on a copy of the project, and each must be found by the tests it names. One that does
not fit the code any more is an error: a catalogue that shrinks in silence proves less every day.
"""
