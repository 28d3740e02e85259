"""Promises of the ports as test classes: subclass one, give its fixtures, and an adapter is checked."""
