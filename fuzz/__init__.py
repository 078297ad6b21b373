"""Fuzzing: strangers' input must lead to typed errors, and quickly."""
