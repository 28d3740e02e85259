"""Accounts, for administrators (AUTH-15)."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from registratura.application.accounts import Details, Saved
from registratura.domain.accounts import SHORTEST_PASSWORD, Account, AccountId, Role, is_long_enough
from registratura.entrypoints.composition import Registratura
from registratura.entrypoints.http.pages import texts
from registratura.entrypoints.http.pages.rendering import message, page, redirect
from registratura.entrypoints.http.pages.texts import Kind
from registratura.entrypoints.http.pages.visitors import Guest, guest_of
from registratura.entrypoints.http.wire import is_id

PAGE = 100
"""Accounts on one page."""
_EMPTY = dict.fromkeys(texts.ACCOUNT_FIELDS, "") | {"id": "", "role": Role.CITIZEN.value}
_BACK = {"/admin/accounts": texts.ACCOUNTS_TITLE}


async def _denied(request: Request, product: Registratura) -> tuple[Guest, Response | None]:
    guest = await guest_of(request, product)
    if guest.visitor is None:
        return guest, guest.answer(redirect(guest.look, "/login?next=/admin/accounts"))
    if not guest.look.is_administrator:
        return guest, message(guest.look, Kind.ERROR, texts.ACCOUNTS_TITLE, texts.FORBIDDEN, status=403)
    return guest, None


async def listed(request: Request, product: Registratura) -> Response:
    """`GET /admin/accounts`; `?id=` opens one of them for changing."""
    guest, denied = await _denied(request, product)
    if denied is not None:
        return denied
    wanted = request.query_params.get("id", "")
    found = await product.storage.read(lambda tx: tx.accounts.find(AccountId(wanted))) if is_id(wanted) else None
    return await _list(guest, product, given=_form_of(found) if found is not None else _EMPTY)


async def _list(
    guest: Guest, product: Registratura, *, given: dict[str, str], fault: str = "", who: str = "", after: str = ""
) -> Response:
    last = AccountId(after) if is_id(after) else None
    known = await product.storage.read(lambda tx: tx.accounts.all(PAGE + 1, who, last))
    return page(
        "accounts.html",
        guest.look,
        status=422 if fault else 200,
        accounts=known[:PAGE],
        who=who,
        after=known[PAGE - 1].id if len(known) > PAGE else None,
        is_part=bool(who or last),
        given=given,
        fault=fault,
        roles=texts.ACCOUNT_ROLES,
    )


def _form_of(account: Account) -> dict[str, str]:
    return {
        "id": account.id,
        "name": account.name,
        "login": account.login or "",
        "email": account.email or "",
        "password": "",
        "role": account.role.value,
    }


async def change(request: Request, product: Registratura) -> Response:
    """`POST /admin/accounts`: a new account, a changed one, one blocked or not any more; or those that are looked for.

    Whom one looks for comes by POST, since addresses are kept in journals and histories.
    """
    guest, denied = await _denied(request, product)
    form = await guest.form()
    if denied is not None or guest.visitor is None:
        return denied or redirect(guest.look, "/login")
    actor = guest.visitor.account.id
    match form.get("deed"):
        case "find":
            return await _list(guest, product, given=_EMPTY, who=_line(form, "who"), after=form.get("after", ""))
        case "block" | "unblock" as deed:
            return await _block(guest, product, form.get("id", ""), actor, block=deed == "block")
        case _:
            return await _save(guest, product, form, actor)


async def _save(guest: Guest, product: Registratura, form: Mapping[str, str], actor: AccountId) -> Response:
    given = {name: _line(form, name) for name in _EMPTY} | {"password": form.get("password", "")}
    fault = _fault(given)
    if fault:
        return await _list(guest, product, given=given | {"password": ""}, fault=fault)
    details = Details(
        name=given["name"],
        login=given["login"] or None,
        email=given["email"] or None,
        password=given["password"] or None,
        role=Role(given["role"]),
    )
    saved = await product.people.manage.save(AccountId(given["id"]) if given["id"] else None, details, actor)
    match saved:
        case Saved.DONE:
            text = texts.ACCOUNT_SAVED.format(name=details.name)
            return message(guest.look, Kind.SUCCESS, texts.ACCOUNTS_TITLE, text, links=_BACK)
        case Saved.TAKEN:
            return await _list(guest, product, given=given | {"password": ""}, fault=texts.ACCOUNT_TAKEN)
        case Saved.NOBODY:
            return _nobody(guest)


def _line(form: Mapping[str, str], name: str) -> str:
    return form.get(name, "").strip().replace("\0", "")[:200]


def _nobody(guest: Guest) -> Response:
    return message(guest.look, Kind.ERROR, texts.ACCOUNTS_TITLE, texts.NOT_FOUND, status=404, links=_BACK)


def _fault(given: dict[str, str]) -> str:
    if not given["name"] or (not given["id"] and not given["login"]) or given["role"] not in texts.ACCOUNT_ROLES:
        return texts.ACCOUNT_NEEDS_NAME
    needs_password = not given["id"] or given["password"]
    if needs_password and not is_long_enough(given["password"]):
        return texts.ACCOUNT_PASSWORD_SHORT.format(shortest=SHORTEST_PASSWORD)
    return ""


async def _block(guest: Guest, product: Registratura, wanted: str, actor: AccountId, *, block: bool) -> Response:
    changed = await product.people.manage.block(AccountId(wanted), actor, block=block) if is_id(wanted) else None
    if changed is None:
        return _nobody(guest)
    text = texts.ACCOUNT_WAS_BLOCKED if block else texts.ACCOUNT_WAS_UNBLOCKED
    return message(guest.look, Kind.SUCCESS, texts.ACCOUNTS_TITLE, text.format(name=changed.name), links=_BACK)
