"""An invented region for the sandbox: clinics, doctors, schedules, patients, and people who talk to the bot.

Nothing and nobody here exists. Everything follows from a seed and a day.
"""

from registratura.emulators.region.citizens import Citizen, Identity, citizens
from registratura.emulators.region.invention import Size, invent

__all__ = ["Citizen", "Identity", "Size", "citizens", "invent"]
