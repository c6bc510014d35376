"""The commands of the `scenelog` program, one file each: arguments -> one call -> print."""

VERSION = "0.1.0"
