"""The way to the network: clients, turns, responses, endpoints."""
