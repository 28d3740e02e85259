"""The counterparts that the sandbox plays: MAX, Sferum and Gosuslugi, with the people of the invented region."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import attrs
from starlette.applications import Starlette

from registratura.emulators import esia, region, sferum
from registratura.emulators import max as max_emulator
from registratura.emulators.region.citizens import Citizen, Identity
from registratura.entrypoints.composition import RETURN_PATH, Registratura

HOST = "127.0.0.1"
_GENDERS: dict[str, esia.Gender] = {"1": "M", "2": "F"}
_OID = 1_000_000_000


@attrs.frozen(kw_only=True)
class World:
    """Everybody outside of the product, by the clock of the sandbox."""

    address: str
    data: Path
    seed: int
    token: str
    product: Registratura

    @property
    def _citizens(self) -> Sequence[Citizen]:
        today = self._now().astimezone(self.product.settings.region.timezone).date()
        return region.citizens(self.seed, today)

    def _now(self) -> datetime:
        return self.product.clock.now()

    def _seconds(self) -> float:
        return self._now().timestamp()

    def max(self) -> Starlette:
        """The messenger."""
        people = [
            max_emulator.Person(
                user_id=citizen.max_user_id,
                first_name=citizen.first_name,
                last_name=citizen.last_name,
                phone=citizen.phone.lstrip("+"),
                note=citizen.note,
            )
            for citizen in self._citizens
        ]
        return max_emulator.create_app(
            max_emulator.MaxEmulatorConfig(
                database=self.data / "max.db",
                public_url=f"{self.address}/sandbox/max",
                token=self.token,
                people=people,
                retry_scale=1 / 60,
                allow_http_webhooks=True,
                clock=self._seconds,
            )
        )

    def sferum(self) -> Starlette:
        """The chats of consultations."""
        return sferum.create_app(
            sferum.SferumEmulatorConfig(
                public_url=f"{self.address}/sandbox/sferum",
                database=self.data / "sferum.db",
                token=self.token,
                names={
                    citizen.phone.lstrip("+"): f"{citizen.first_name} {citizen.last_name}" for citizen in self._citizens
                },
                zone=self.product.settings.region.timezone,
                clock=self._seconds,
            )
        )

    def esia(self) -> Starlette:
        """Gosuslugi, as a certified gateway shows them, and by their own protocol."""
        return esia.create_app(
            esia.EsiaEmulatorConfig(
                public_url=f"{self.address}/sandbox/esia",
                client_id=self.token.upper(),
                certificate_hash="F" * 64,
                verifier=esia.FakeVerifier(self.token.encode()),
                redirect_hosts=[HOST],
                persons=[*map(_person, self._citizens), *esia.test_persons()],
                oidc=esia.OidcClient(
                    client_id=self.token,
                    client_secret=self.token,
                    redirect_uris=[f"{self.address}{RETURN_PATH}"],
                ),
                clock=self._now,
            )
        )


def _person(citizen: Citizen) -> esia.Person:
    who = citizen.identity
    return esia.Person(
        oid=_OID + citizen.max_user_id,
        last_name=who.last_name,
        first_name=who.first_name,
        middle_name=who.middle_name,
        born=who.birthdate,
        gender=_GENDERS[who.gender],
        snils=who.snils,
        mobile=citizen.phone,
        kids=[_child(child, number, citizen) for number, child in enumerate(citizen.children, start=1)],
        note=citizen.note,
    )


def _child(child: Identity, number: int, citizen: Citizen) -> esia.Child:
    return esia.Child(
        oid=10 * (_OID + citizen.max_user_id) + number,
        last_name=child.last_name,
        first_name=child.first_name,
        middle_name=child.middle_name,
        born=child.birthdate,
        gender=_GENDERS[child.gender],
        snils=child.snils,
    )
