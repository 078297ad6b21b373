"""Fuzzing: untrusted input must lead to typed errors, and quickly."""
