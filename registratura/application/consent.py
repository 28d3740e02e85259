"""The text people consent to is kept under its version, so that a consent can be read long after."""

import attrs
from returns.result import Failure, Result, Success

from registratura.application.ports.storage import Storage, Transaction
from registratura.application.records import ReferenceRecord, Stored
from registratura.domain.telemedicine import ConsentText

KIND = "consent_text"


@attrs.frozen
class TextChanged:
    """The version is known with another text: people consented to that one."""

    version: str


@attrs.frozen(kw_only=True)
class KeepConsentText:
    """Keep the text in force before anybody is asked to agree to it."""

    storage: Storage
    consent: ConsentText

    async def __call__(self) -> Result[None, TextChanged]:
        """Keep it once; refuse another text under a version that was shown before."""
        return await self.storage.transact(self._keep)

    def _keep(self, tx: Transaction) -> Result[None, TextChanged]:
        record = ReferenceRecord(kind=KIND, id=self.consent.version, data={"text": self.consent.text})
        [verdict] = tx.register.store([record])
        return Failure(TextChanged(self.consent.version)) if verdict is Stored.CHANGED else Success(None)
