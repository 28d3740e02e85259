"""Doubles, strategies and port contracts for those who embed the registry or write an adapter."""
