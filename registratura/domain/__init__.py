"""The rules of the registry: frozen values and pure functions, no waiting, no clock."""
