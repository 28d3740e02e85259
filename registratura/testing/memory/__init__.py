"""A storage in memory that keeps the same promises as the databases: `MemoryStorage`."""

from registratura.testing.memory.state import Effect, State, Update
from registratura.testing.memory.storage import MemoryStorage, MemoryTransaction

__all__ = ["Effect", "MemoryStorage", "MemoryTransaction", "State", "Update"]
