"""What every identity provider promises (`registratura.application.ports.identity`)."""

from datetime import date
from typing import Protocol
from urllib.parse import urlsplit

import attrs
import pytest
from returns.result import Failure, Success

from registratura.application.ports.failures import Unavailable
from registratura.application.ports.identity import Begun, IdentityProvider, NotSignedIn, Returned
from registratura.domain.identity import Child
from registratura.domain.people import PersonName, Sex, Snils
from registratura.testing.identity import Citizen

SHORTEST_STATE = 16
"""Characters; 96 random bits in letters, digits, «-» and «_»."""
RETURN_TO = "https://registry.example/max/signed-in"
DAUGHTER = Child(
    name=PersonName("Ёлкина", "Вера", "Петровна"), born=date(2018, 2, 28), sex=Sex.FEMALE, snils=Snils("12345678964")
)
SON = Child(name=PersonName("Ёлкин", "Лев"), born=date(2024, 2, 29))
"""Nothing but name and birth date is told of him."""
PARENT = Citizen(
    subject="1000299353",
    name=PersonName("Ёлкина", "Анна-Мария", "Оглы кызы"),
    born=date(1990, 12, 31),
    sex=Sex.FEMALE,
    snils=Snils("11223344595"),
    children=(DAUGHTER, SON),
)
LONER = Citizen(subject="1000299354", name=PersonName("Ли", "Ян"), born=date(1956, 1, 1), sex=Sex.MALE)
"""Without patronymic, СНИЛС and children."""
UNCONFIRMED = attrs.evolve(PARENT, subject="1000299355", confirmed=False)
NAMELESS = attrs.evolve(PARENT, subject="1000299356", name=None)
AGELESS = attrs.evolve(PARENT, subject="1000299357", born=None)


class Gosuslugi(Protocol):
    """The other side: browsers of citizens, and a switch for trouble on the way."""

    async def sign_in(self, begun: Begun, citizen: Citizen) -> Returned:
        """*citizen* follows the link and signs in; gives what the browser brings back."""
        ...

    async def cancel(self, begun: Begun) -> Returned:
        """Somebody follows the link and thinks better of it."""
        ...

    async def fall_silent(self) -> None:
        """From now on nobody is answered."""
        ...

    async def speak_again(self) -> None:
        """Everybody is answered again."""
        ...


@pytest.mark.anyio
class IdentityContract:
    """Subclass it and give the fixtures `provider` and `gosuslugi`.

    The tests run under the pytest plug-in of anyio; its fixture `anyio_backend` says on which loop.
    """

    @pytest.fixture
    def provider(self) -> IdentityProvider:
        """The adapter under test."""
        raise NotImplementedError

    @pytest.fixture
    def gosuslugi(self) -> Gosuslugi:
        """Its other side."""
        raise NotImplementedError

    @pytest.mark.parametrize("citizen", [PARENT, LONER])
    async def test_a_confirmed_person_is_told_whole_with_the_children(
        self, provider: IdentityProvider, gosuslugi: Gosuslugi, citizen: Citizen
    ) -> None:
        begun = await provider.begin(RETURN_TO)
        ended = await provider.finish(await gosuslugi.sign_in(begun, citizen), begun, RETURN_TO)
        assert isinstance(ended, Success)
        told = attrs.asdict(ended.unwrap(), recurse=False)
        expected = attrs.asdict(citizen, recurse=False)
        assert told.pop("verified_at").tzinfo is not None
        assert expected.pop("confirmed")
        assert told == expected

    async def test_the_same_person_comes_with_the_same_subject(
        self, provider: IdentityProvider, gosuslugi: Gosuslugi
    ) -> None:
        subjects = set()
        for _ in range(2):
            begun = await provider.begin(RETURN_TO)
            ended = await provider.finish(await gosuslugi.sign_in(begun, PARENT), begun, RETURN_TO)
            subjects.add(ended.unwrap().subject)
        assert subjects == {PARENT.subject}

    async def test_each_sign_in_has_a_state_of_its_own(self, provider: IdentityProvider) -> None:
        one, other = await provider.begin(RETURN_TO), await provider.begin(RETURN_TO)
        assert one.state != other.state
        assert one.url != other.url
        assert len(one.state) >= SHORTEST_STATE
        assert urlsplit(one.url).scheme in {"http", "https"}

    async def test_people_sign_in_side_by_side(self, provider: IdentityProvider, gosuslugi: Gosuslugi) -> None:
        one, other = await provider.begin(RETURN_TO), await provider.begin(RETURN_TO)
        parent, loner = await gosuslugi.sign_in(one, PARENT), await gosuslugi.sign_in(other, LONER)
        assert (await provider.finish(loner, other, RETURN_TO)).unwrap().subject == LONER.subject
        assert (await provider.finish(parent, one, RETURN_TO)).unwrap().subject == PARENT.subject

    async def test_who_cancels_is_not_signed_in(self, provider: IdentityProvider, gosuslugi: Gosuslugi) -> None:
        begun = await provider.begin(RETURN_TO)
        ended = await provider.finish(await gosuslugi.cancel(begun), begun, RETURN_TO)
        assert ended == Failure(NotSignedIn.CANCELLED)

    async def test_an_account_that_is_not_confirmed_is_not_enough(
        self, provider: IdentityProvider, gosuslugi: Gosuslugi
    ) -> None:
        begun = await provider.begin(RETURN_TO)
        ended = await provider.finish(await gosuslugi.sign_in(begun, UNCONFIRMED), begun, RETURN_TO)
        assert ended == Failure(NotSignedIn.NOT_CONFIRMED)

    @pytest.mark.parametrize("citizen", [NAMELESS, AGELESS])
    async def test_without_name_or_birth_date_nobody_is_told(
        self, provider: IdentityProvider, gosuslugi: Gosuslugi, citizen: Citizen
    ) -> None:
        begun = await provider.begin(RETURN_TO)
        ended = await provider.finish(await gosuslugi.sign_in(begun, citizen), begun, RETURN_TO)
        assert ended == Failure(NotSignedIn.INCOMPLETE)

    async def test_a_code_is_good_once(self, provider: IdentityProvider, gosuslugi: Gosuslugi) -> None:
        begun = await provider.begin(RETURN_TO)
        returned = await gosuslugi.sign_in(begun, PARENT)
        assert isinstance(await provider.finish(returned, begun, RETURN_TO), Success)
        assert await provider.finish(returned, begun, RETURN_TO) == Failure(NotSignedIn.REFUSED)

    async def test_an_invented_code_is_refused(self, provider: IdentityProvider) -> None:
        begun = await provider.begin(RETURN_TO)
        ended = await provider.finish(Returned(state=begun.state, code="invented"), begun, RETURN_TO)
        assert ended == Failure(NotSignedIn.REFUSED)

    async def test_a_code_is_bound_to_the_address_of_return(
        self, provider: IdentityProvider, gosuslugi: Gosuslugi
    ) -> None:
        begun = await provider.begin(RETURN_TO)
        ended = await provider.finish(await gosuslugi.sign_in(begun, PARENT), begun, f"{RETURN_TO}/elsewhere")
        assert ended == Failure(NotSignedIn.REFUSED)

    async def test_what_came_back_for_another_sign_in_is_not_believed(
        self, provider: IdentityProvider, gosuslugi: Gosuslugi
    ) -> None:
        mine, other = await provider.begin(RETURN_TO), await provider.begin(RETURN_TO)
        for foreign in (await gosuslugi.sign_in(other, LONER), await gosuslugi.cancel(other)):
            assert await provider.finish(foreign, mine, RETURN_TO) == Failure(NotSignedIn.UNTRUSTED)

    async def test_what_lacks_state_or_code_is_not_believed(
        self, provider: IdentityProvider, gosuslugi: Gosuslugi
    ) -> None:
        begun = await provider.begin(RETURN_TO)
        whole = await gosuslugi.sign_in(begun, PARENT)
        for part in (attrs.evolve(whole, state=None), attrs.evolve(whole, code=None), attrs.evolve(whole, code="")):
            assert await provider.finish(part, begun, RETURN_TO) == Failure(NotSignedIn.UNTRUSTED)

    async def test_an_error_of_the_provider_is_no_sign_in(self, provider: IdentityProvider) -> None:
        begun = await provider.begin(RETURN_TO)
        ended = await provider.finish(Returned(state=begun.state, error="invalid_scope"), begun, RETURN_TO)
        assert ended == Failure(NotSignedIn.REFUSED)

    async def test_silence_is_unavailable_and_one_can_begin_again(
        self, provider: IdentityProvider, gosuslugi: Gosuslugi
    ) -> None:
        begun = await provider.begin(RETURN_TO)
        returned = await gosuslugi.sign_in(begun, PARENT)
        await gosuslugi.fall_silent()
        with pytest.raises(Unavailable):
            await provider.finish(returned, begun, RETURN_TO)
        await gosuslugi.speak_again()
        anew = await provider.begin(RETURN_TO)
        ended = await provider.finish(await gosuslugi.sign_in(anew, PARENT), anew, RETURN_TO)
        assert ended.unwrap().subject == PARENT.subject

    async def test_nothing_personal_and_no_secret_is_in_what_is_printed(
        self, provider: IdentityProvider, gosuslugi: Gosuslugi
    ) -> None:
        begun = await provider.begin(RETURN_TO)
        returned = await gosuslugi.sign_in(begun, PARENT)
        ended = await provider.finish(returned, begun, RETURN_TO)
        printed = f"{begun!r} {returned!r} {ended!r} {provider!r}"
        secrets = (begun.state, begun.nonce, begun.verifier, returned.code, PARENT.subject, "Ёлкин", "11223344595")
        assert [secret for secret in secrets if secret and secret in printed] == []
