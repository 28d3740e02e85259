"""What is raised when something outside is broken; a refusal of the rules is never an exception."""


class Unavailable(Exception):  # a state of the world, not an error of the program
    """A counterpart or the storage cannot answer now; the same call may succeed later."""


class TransactionLost(Unavailable):
    """The connection broke while committing: the work may or may not have been done."""


class OutcomeUnknown(Exception):  # a state of the world, not an error of the program
    """A counterpart was asked and nobody knows whether it heard: it may or may not have done the work."""
