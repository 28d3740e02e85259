"""Puts together what the pages for people call: signing in, accounts, the door of a consultation."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

import attrs

from registratura.adapters import esia
from registratura.adapters.passwords import Argon2Passwords
from registratura.application.accounts import ManageAccounts
from registratura.application.dialogue.conversation import Converse
from registratura.application.dialogue.lists import Lists
from registratura.application.dialogue.screens import AppointmentOffer
from registratura.application.joining import JoinConsultation
from registratura.application.linking import LinkMessenger
from registratura.application.ports.identity import IdentityProvider
from registratura.application.ports.storage import Storage, Transaction
from registratura.application.ports.time import Clock, Ids
from registratura.application.signing_in import BeginSignIn, FinishSignIn, KnowVisitor, SignInByPassword
from registratura.domain.accounts import Lockout, SessionRules
from registratura.domain.identifiers import AppointmentId, PatientId
from registratura.entrypoints.setting_sections import Esia, EsiaMode
from registratura.entrypoints.settings import Settings

RETURN_PATH = "/esia/return"


@attrs.frozen(kw_only=True)
class ThroughEsia:
    """Signing in through Gosuslugi."""

    begin: BeginSignIn
    finish: FinishSignIn
    link: LinkMessenger
    look: Callable[[], Awaitable[Sequence[esia.Finding]]] | None
    """Looks at everything that signing our requests needs; None where a gateway signs."""


@attrs.frozen(kw_only=True)
class People:
    """What the pages for people call."""

    storage: Storage
    know: KnowVisitor
    by_password: SignInByPassword
    esia: ThroughEsia | None
    """None where Gosuslugi is not connected."""
    join: JoinConsultation
    manage: ManageAccounts
    lists: Lists

    async def upcoming(self, card: PatientId) -> tuple[AppointmentOffer, ...] | None:
        """What is ahead for the person of *card* and those they may act for; None when the card is gone."""

        def look(tx: Transaction) -> tuple[AppointmentOffer, ...] | None:
            person = tx.patients.find(card)
            return self.lists.upcoming(person, tx) if person is not None else None

        return await self.storage.read(look)


async def people_of(
    settings: Settings, storage: Storage, clock: Clock, ids: Ids, converse: Converse, stack: AsyncExitStack
) -> People:
    """Build it over the database and Gosuslugi."""
    auth, passwords = settings.auth, Argon2Passwords()
    lockout = Lockout(most=auth.max_failures, term=timedelta(minutes=auth.lock_minutes))
    sessions = SessionRules(idle=timedelta(minutes=auth.idle_minutes), longest=timedelta(hours=auth.session_hours))
    through = None
    provider = await _provider(settings, clock, ids, stack)
    if provider is not None:
        back = f"{settings.public.url}{RETURN_PATH}"
        through = ThroughEsia(
            begin=BeginSignIn(storage=storage, provider=provider, return_to=back, clock=clock),
            finish=FinishSignIn(storage=storage, provider=provider, return_to=back, clock=clock, ids=ids),
            link=LinkMessenger(storage=storage, clock=clock, converse=converse),
            look=_look(settings.esia, provider, back),
        )
    return People(
        storage=storage,
        know=KnowVisitor(storage=storage, clock=clock, rules=sessions),
        by_password=SignInByPassword(storage=storage, passwords=passwords, lockout=lockout, clock=clock, ids=ids),
        esia=through,
        join=JoinConsultation(
            storage=storage,
            clock=clock,
            lead=settings.link_lead,
            fallback=timedelta(hours=settings.tmk.link.fallback_hours),
            valid=timedelta(hours=auth.join_hours),
            room=_Room(settings.tmk.external_room_url),
        ),
        manage=ManageAccounts(storage=storage, passwords=passwords, clock=clock, ids=ids),
        lists=converse.painter.lists,
    )


@attrs.frozen
class _Room:
    """Rooms of another platform."""

    template: str

    def __call__(self, appointment: AppointmentId) -> str | None:
        return self.template.replace("{id}", appointment) if self.template else None


async def _provider(settings: Settings, clock: Clock, ids: Ids, stack: AsyncExitStack) -> IdentityProvider | None:
    asked = settings.esia
    if asked.url is None:
        return None
    line = esia.Line(ca_bundle=Path(asked.ca_file) if asked.ca_file else None)
    if asked.mode is EsiaMode.GATEWAY:
        gateway = esia.GatewaySettings(
            issuer=asked.issuer or str(asked.url),
            client_id=asked.client_id,
            client_secret=asked.client_secret.reveal if asked.client_secret is not None else "",
            line=line,
        )
        gateway = attrs.evolve(gateway, scope=asked.scope or gateway.scope)
        return await stack.enter_async_context(esia.connect_gateway(gateway, clock, ids))
    direct = esia.DirectSettings(
        client_id=asked.client_id,
        token_keys=asked.token_keys,
        url=str(asked.url),
        line=line,
    )
    direct = attrs.evolve(direct, scope=asked.scope or direct.scope, issuer=asked.issuer or direct.issuer)
    signer = await _signer(settings, stack)
    return await stack.enter_async_context(esia.connect_direct(direct, signer, clock, ids))


def _look(
    asked: Esia, provider: IdentityProvider, return_to: str
) -> Callable[[], Awaitable[Sequence[esia.Finding]]] | None:
    if not isinstance(provider, esia.DirectEsia):
        return None
    # Where a service signs, neither the key nor a program that knows GOST needs to be on this machine.
    ours = asked.signer_url is None
    material = esia.Material(
        certificate=Path(asked.certificate_file) if asked.certificate_file else None,
        key=Path(asked.key_file) if ours else None,
        digest=esia.openssl_digest() if ours else None,
    )
    return partial(esia.self_check, provider, material, return_to=return_to)


async def _signer(settings: Settings, stack: AsyncExitStack) -> esia.Signer:
    asked = settings.esia
    certificate_hash = str(asked.certificate_hash or "")
    if asked.signer_url is not None:
        token = asked.signer_token.reveal if asked.signer_token is not None else None
        remote = esia.RemoteSignerSettings(url=str(asked.signer_url), certificate_hash=certificate_hash, token=token)
        return await stack.enter_async_context(esia.connect_signer(remote))
    command = esia.openssl_command(Path(asked.key_file))
    return esia.CommandSigner(command=command, certificate_hash=certificate_hash)
