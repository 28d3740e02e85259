"""Loading records from MIS teams: files, standard input and HTTP bodies in the load format."""

from registratura.adapters.load.limits import Limits
from registratura.adapters.load.reading import read_records
from registratura.adapters.load.source import Source, TooLarge, open_source, receive
from registratura.adapters.load.spool import temporary_spool
from registratura.adapters.load.texts import RussianWording

__all__ = [
    "Limits",
    "RussianWording",
    "Source",
    "TooLarge",
    "open_source",
    "read_records",
    "receive",
    "temporary_spool",
]
