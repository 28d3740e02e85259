"""Words of people to support."""

from datetime import datetime
from typing import Protocol

import attrs

from registratura.domain.accounts import AccountId


@attrs.frozen(kw_only=True)
class Words:
    """What somebody wrote; `code` is that of the malfunction they saw."""

    subject: str = attrs.field(repr=False)
    description: str = attrs.field(repr=False)
    contact: str = attrs.field(repr=False)
    page: str
    code: str
    account: AccountId | None
    at: datetime


class Feedback(Protocol):
    """Keeps what people write."""

    def keep(self, words: Words) -> int:
        """Keep *words* and give their number, by which support finds them."""
        ...
