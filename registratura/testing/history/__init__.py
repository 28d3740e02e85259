"""What concurrent clients were told of slots, and whether any order of events explains it.

Each slot is a one-place register: free, or held by one person under one booking. Clients write down what they ask and
what they are answered (`Journal`), `read` joins the journals, and `check` looks for an order in which every answer is
true and nothing happens before it was asked for or after it was answered (linearizability). What was never answered may
have happened or not, at any later time. `contend` lets clients contend for slots of a storage and gives the history.
"""

from registratura.testing.history.checking import Impossible, check
from registratura.testing.history.clients import contend
from registratura.testing.history.journal import Asking, Journal, operations, read
from registratura.testing.history.operations import Answer, Kind, Operation

__all__ = ["Answer", "Asking", "Impossible", "Journal", "Kind", "Operation", "check", "contend", "operations", "read"]
