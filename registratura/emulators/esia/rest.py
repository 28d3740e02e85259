"""REST services with the access token of the direct protocol."""

from starlette.responses import Response

from registratura.emulators.esia import errors
from registratura.emulators.esia.emulator import Access, Face
from registratura.emulators.esia.errors import Refused
from registratura.emulators.esia.gate import Call, Handler, json_response
from registratura.emulators.esia.parameters import query_of
from registratura.emulators.esia.resources import NEEDED, collection_of, elements, person_resource

EMBED = "(elements)"


def access_of(call: Call, face: Face) -> Access:
    """What the Bearer token opens. Raises RestRefused when it is not one of *face*, or its time is over."""
    scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
    access = call.emulator.tokens.get(token) if scheme.lower() == "bearer" else None
    if access is None or access.face != face:
        raise errors.invalid_token()
    if access.until <= call.emulator.config.clock():
        raise errors.expired_token()
    return access


async def person(call: Call) -> Response:
    """`GET /rs/prns/{oid}`."""
    access = _opened(call)
    return json_response(person_resource(access.person, _scopes(call, access), call.emulator.started))


def collection(name: str) -> Handler:
    """`GET /rs/prns/{oid}/<name>`: links to the elements, or the elements with `embed=(elements)`."""

    async def handler(call: Call) -> Response:
        access = _opened(call, name)
        found = elements(access.person, name, _scopes(call, access))
        if _embedded(call):
            return json_response(collection_of(found))
        base = f"{call.emulator.config.public_url}/rs/prns/{access.person.oid}/{name}"
        return json_response(collection_of([f"{base}/{element['id']}" for element in found]))

    return handler


def element(name: str) -> Handler:
    """`GET /rs/prns/{oid}/<name>/{id}`: what a link leads to."""

    async def handler(call: Call) -> Response:
        access = _opened(call, name)
        for found in elements(access.person, name, _scopes(call, access)):
            if str(found["id"]) == call.request.path_params["id"]:
                return json_response(found)
        raise errors.not_there()

    return handler


def _opened(call: Call, name: str | None = None) -> Access:
    access = access_of(call, "direct")
    if call.request.path_params["oid"] != str(access.person.oid):
        raise errors.no_grants()
    if name is not None and not NEEDED[name] & _scopes(call, access):
        raise errors.no_grants()
    return access


def _scopes(call: Call, access: Access) -> frozenset[str]:
    return access.scopes - {call.faults.missing_scope or ""}


def _embedded(call: Call) -> bool:
    try:
        embed = query_of(call.request).get("embed")
    except Refused as refused:
        raise errors.malformed_query() from refused
    if embed not in {None, EMBED}:
        raise errors.malformed_query()
    return embed is not None
