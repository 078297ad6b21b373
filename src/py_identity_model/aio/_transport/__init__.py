"""The road to the network: clients, turns, answers, endpoints."""
