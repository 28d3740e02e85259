"""A stateful machine of Hypothesis that lives in a small clinic and believes nobody: `StorageMachine`."""

from registratura.testing.machine.crashing import Crash, CrashingStorage, Fate
from registratura.testing.machine.machine import StorageMachine

__all__ = ["Crash", "CrashingStorage", "Fate", "StorageMachine"]
