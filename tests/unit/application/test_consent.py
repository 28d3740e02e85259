"""The text of a consent is kept under its version and never exchanged behind people's backs."""

import pytest
from returns.pipeline import is_successful

from registratura.application.consent import KeepConsentText, TextChanged
from registratura.domain.telemedicine import ConsentText
from registratura.testing.memory import MemoryStorage

pytestmark = pytest.mark.anyio


async def test_a_text_is_kept_and_its_version_cannot_be_given_to_another() -> None:
    storage = MemoryStorage()
    first = KeepConsentText(storage=storage, consent=ConsentText(version="1", text="Согласен."))
    assert is_successful(await first())
    assert is_successful(await first()), "every start keeps it again"
    other = KeepConsentText(storage=storage, consent=ConsentText(version="1", text="Согласен на всё."))
    assert (await other()).failure() == TextChanged("1")
    assert storage.state.references[("consent_text", "1")] == {"text": "Согласен."}
    newer = KeepConsentText(storage=storage, consent=ConsentText(version="2", text="Согласен на всё."))
    assert is_successful(await newer())
