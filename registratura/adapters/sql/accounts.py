"""Accounts, sessions, links and sign-ins under way."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import attrs
from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    insert,
    or_,
    select,
    tuple_,
    union,
    update,
)
from sqlalchemy.exc import IntegrityError

from registratura.adapters.sql.tables import account, login_link, session, sign_in
from registratura.adapters.sql.types import Moment, Sought, Values, begins_with
from registratura.adapters.sql.upsert import Insert, upsert
from registratura.domain.accounts import Account, AccountId, LoginLink, Method, Role, Session, SignIn
from registratura.domain.identifiers import MessengerId, PatientId
from registratura.domain.identity import Identity
from registratura.domain.people import PersonName, Sex, Snils, folded

_C = account.c
_ACCOUNT = select(account)
_BY_ID = _ACCOUNT.where(_C.id == bindparam("wanted"))
_BY_LOGIN = (
    _ACCOUNT.where(or_(_C.login == bindparam("wanted"), _C.email == bindparam("address")))
    .order_by(case((_C.login == bindparam("wanted"), 0), else_=1))
    .limit(1)
)
_BY_SUBJECT = _ACCOUNT.where(_C.subject == bindparam("wanted"))
_BY_MESSENGER = _ACCOUNT.where(_C.messenger == bindparam("wanted"))
_PLACE = select(_C.sought_name, _C.id).where(_C.id == bindparam("after"))
_IN_ORDER = (_C.sought_name, _C.id)
_FOLLOWS = tuple_(*_IN_ORDER) > tuple_(bindparam("name", type_=Sought), bindparam("id"))
_MOST: BindParameter[int] = bindparam("most")
_ALL = _ACCOUNT.where(_FOLLOWS).order_by(*_IN_ORDER).limit(_MOST)
# Each column has an index of its own, and no more is read of each than is shown.
_EACH = (
    select(_C.id).where(begins_with(column, "prefix"), _FOLLOWS).order_by(*_IN_ORDER).limit(_MOST).subquery()
    for column in (_C.sought_name, _C.sought_login, _C.sought_email)
)
_SOUGHT = _ACCOUNT.where(_C.id.in_(union(*(select(found.c.id) for found in _EACH)))).order_by(*_IN_ORDER).limit(_MOST)
_SESSION = (
    select(session, account)
    .join_from(session, account, account.c.id == session.c.account_id)
    .where(session.c.token_hash == bindparam("wanted"))
)
_TOUCH = (
    update(session).where(session.c.token_hash == bindparam("which")).values(seen_at=bindparam("moment", type_=Moment))
)
_LINK = select(login_link).where(login_link.c.token_hash == bindparam("wanted"))
_TAKE = delete(sign_in).where(sign_in.c.state_hash == bindparam("wanted")).returning(*sign_in.c)
_OLD = ((session, session.c.seen_at), (login_link, login_link.c.ends_at), (sign_in, sign_in.c.ends_at))


@cache
def _save_account(dialect: str) -> Insert:
    return upsert(dialect, account)


@cache
def _save_link(dialect: str) -> Insert:
    return upsert(dialect, login_link)


@attrs.frozen
class SqlAccounts:
    """`Accounts` over a connection."""

    _connection: Connection
    _locking: bool = attrs.field(kw_only=True)

    def find(self, account: AccountId) -> Account | None:
        return self._one(_BY_ID, account)

    def by_login(self, login: str) -> Account | None:
        return self._one(_BY_LOGIN, login, address=login.lower())

    def by_subject(self, subject: str) -> Account | None:
        return self._one(_BY_SUBJECT, subject)

    def by_messenger(self, user: MessengerId) -> Account | None:
        row = self._connection.execute(_BY_MESSENGER, {"wanted": user}).mappings().one_or_none()
        return _account_of(row) if row is not None else None

    def all(self, limit: int, prefix: str = "", after: AccountId | None = None) -> Sequence[Account]:
        place = self._connection.execute(_PLACE, {"after": after}).one_or_none() if after is not None else None
        name, id_ = place if place is not None else ("", "")
        given = {"most": limit, "name": name, "id": id_}
        wanted = folded(prefix)
        if wanted:
            rows = self._connection.execute(_SOUGHT, {**given, "prefix": wanted})
        else:
            rows = self._connection.execute(_ALL, given)
        return tuple(map(_account_of, rows.mappings()))

    def save(self, account: Account) -> bool:
        try:
            with self._connection.begin_nested():
                self._connection.execute(_save_account(self._connection.dialect.name), _row_of(account))
        except IntegrityError:
            return False
        return True

    def open_session(self, session: Session) -> None:
        row = attrs.asdict(session) | {"account_id": session.account, "method": session.method.value}
        del row["account"]
        self._connection.execute(insert(_SESSION_TABLE), row)

    def session(self, token_hash: str) -> tuple[Session, Account] | None:
        row = self._connection.execute(_SESSION, {"wanted": token_hash}).mappings().one_or_none()
        if row is None:
            return None
        c = _SESSION_TABLE.c
        known = Session(
            token_hash=row[c.token_hash],
            account=AccountId(row[c.account_id]),
            method=Method(row[c.method]),
            began_at=row[c.began_at],
            seen_at=row[c.seen_at],
            link_hash=row[c.link_hash],
        )
        return known, _account_of(row)

    def touch(self, token_hash: str, seen_at: datetime) -> None:
        self._connection.execute(_TOUCH, {"which": token_hash, "moment": seen_at})

    def confirm_link(self, token_hash: str) -> None:
        confirmed = update(_SESSION_TABLE).where(_SESSION_TABLE.c.token_hash == token_hash).values(link_hash=None)
        self._connection.execute(confirmed)

    def end_session(self, token_hash: str) -> None:
        self._connection.execute(delete(_SESSION_TABLE).where(_SESSION_TABLE.c.token_hash == token_hash))

    def end_sessions_of(self, account: AccountId) -> None:
        self._connection.execute(delete(_SESSION_TABLE).where(_SESSION_TABLE.c.account_id == account))

    def keep_link(self, link: LoginLink) -> None:
        row = attrs.asdict(link) | {"user_id": link.user}
        del row["user"]
        self._connection.execute(_save_link(self._connection.dialect.name), row)

    def link(self, token_hash: str) -> LoginLink | None:
        row = self._connection.execute(self._locked(_LINK), {"wanted": token_hash}).one_or_none()
        if row is None:
            return None
        known = row._asdict()
        return LoginLink(user=MessengerId(known.pop("user_id")), **known)

    def begin(self, sign_in: SignIn) -> None:
        self._connection.execute(insert(_SIGN_IN_TABLE), attrs.asdict(sign_in))

    def take(self, state_hash: str) -> SignIn | None:
        row = self._connection.execute(_TAKE, {"wanted": state_hash}).one_or_none()
        return SignIn(**row._asdict()) if row is not None else None

    def forget(self, before: datetime, limit: int) -> int:
        forgotten = 0
        for table, moment in _OLD:
            (key,) = table.primary_key.columns
            old = select(key).where(moment < before).order_by(moment).limit(limit).scalar_subquery()
            done = self._connection.execute(delete(table).where(key.in_(old)).execution_options(preserve_rowcount=True))
            forgotten += done.rowcount
        return forgotten

    def _locked(self, statement: Select[Any]) -> Select[Any]:
        return statement.with_for_update() if self._locking else statement

    def _one(self, statement: Select[Any], wanted: str, **more: str) -> Account | None:
        row = self._connection.execute(self._locked(statement), {"wanted": wanted, **more}).mappings().one_or_none()
        return _account_of(row) if row is not None else None


_SESSION_TABLE, _SIGN_IN_TABLE = session, sign_in


def _row_of(known: Account) -> dict[str, Any]:
    told = known.identity
    return {
        "id": known.id,
        "name": known.name,
        "role": known.role.value,
        "login": known.login,
        "email": known.email.lower() if known.email is not None else None,
        "password": known.password,
        "patient_id": known.patient,
        "messenger": known.messenger,
        "is_blocked": known.is_blocked,
        "failures": known.failures,
        "locked_until": known.locked_until,
        "created_at": known.created_at,
        "subject": told.subject if told else None,
        "last_name": told.name.last if told else None,
        "first_name": told.name.first if told else None,
        "middle_name": told.name.middle if told else None,
        "born": told.born if told else None,
        "sex": told.sex.value if told and told.sex else None,
        "snils": told.snils.digits if told and told.snils else None,
        "phone": told.phone if told else None,
        "verified_at": told.verified_at if told else None,
        "sought_name": folded(known.name),
        "sought_login": folded(known.login) if known.login is not None else None,
        "sought_email": folded(known.email) if known.email is not None else None,
    }


def _account_of(row: Values) -> Account:
    patient, messenger = row[_C.patient_id], row[_C.messenger]
    return Account(
        id=AccountId(row[_C.id]),
        name=row[_C.name],
        role=Role(row[_C.role]),
        login=row[_C.login],
        email=row[_C.email],
        password=row[_C.password],
        identity=_identity_of(row) if row[_C.subject] is not None else None,
        patient=PatientId(patient) if patient is not None else None,
        messenger=MessengerId(messenger) if messenger is not None else None,
        is_blocked=row[_C.is_blocked],
        failures=row[_C.failures],
        locked_until=row[_C.locked_until],
        created_at=row[_C.created_at],
    )


def _identity_of(row: Values) -> Identity:
    return Identity(
        subject=row[_C.subject],
        name=PersonName(row[_C.last_name], row[_C.first_name], row[_C.middle_name]),
        born=row[_C.born],
        sex=Sex(row[_C.sex]) if row[_C.sex] is not None else None,
        snils=Snils(row[_C.snils]) if row[_C.snils] is not None else None,
        phone=row[_C.phone],
        verified_at=row[_C.verified_at],
    )
