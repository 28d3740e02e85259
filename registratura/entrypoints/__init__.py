"""Runners: they parse, call one use case and render the answer."""
