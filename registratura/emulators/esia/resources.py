"""What the REST services tell of a person, scope by scope."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from registratura.emulators.esia.persons import Child, Person, snils_text

Scopes = frozenset[str]
Resource = dict[str, Any]

NEEDED: Final[Mapping[str, Scopes]] = {
    "kids": frozenset({"kid_fullname", "kid_birthdate", "kid_gender", "kid_snils"}),
    "ctts": frozenset({"contacts", "mobile", "email"}),
    "docs": frozenset({"id_doc"}),
    "addrs": frozenset({"addresses"}),
}
"""Collections, and the scopes any of which opens them."""


def person_resource(person: Person, scopes: Scopes, updated: datetime) -> Resource:
    """The person; a scope not granted leaves its fields out."""
    resource: Resource = {
        "stateFacts": ["EntityRoot"],
        "trusted": person.trusted,
        "verifying": False,
        "status": "REGISTERED",
        "updatedOn": int(updated.timestamp()),
        **_fields(person, scopes, ""),
    }
    if "id_doc" in scopes:
        resource["citizenship"] = "RUS"
        if person.passport:
            resource["rIdDoc"] = person.oid * 10
    return _tagged(resource)


def elements(person: Person, collection: str, scopes: Scopes) -> Sequence[Resource]:
    """The elements of one of the collections of `NEEDED`; an `id` is unique within it."""
    match collection:
        case "kids":
            found = [_child(child, scopes) for child in person.kids]
        case "ctts":
            found = list(_contacts(person, scopes))
        case "docs":
            found = [_passport(person, person.passport)] if person.passport else []
        case _:
            found = [_address(person, person.address)] if person.address else []
    return [_tagged({"stateFacts": ["Identifiable"], **element}) for element in found]


def collection_of(shown: Sequence[Resource | str]) -> Resource:
    """A collection with its *shown* elements, whole or as links."""
    return _tagged({"stateFacts": ["hasSize"], "size": len(shown), "elements": list(shown)})


def _fields(one: Person | Child, scopes: Scopes, prefix: str) -> Resource:
    fields: Resource = {}
    if f"{prefix}fullname" in scopes:
        fields |= {"firstName": one.first_name, "lastName": one.last_name}
        fields |= {"middleName": one.middle_name} if one.middle_name else {}
    if f"{prefix}birthdate" in scopes:
        fields["birthDate"] = f"{one.born:%d.%m.%Y}"
    if f"{prefix}gender" in scopes:
        fields["gender"] = one.gender
    if f"{prefix}snils" in scopes and one.snils:
        fields["snils"] = snils_text(one.snils)
    return fields


def _child(child: Child, scopes: Scopes) -> Resource:
    return {"id": child.oid, "type": "CHILD", "trusted": True, **_fields(child, scopes, "kid_")}


def _contacts(person: Person, scopes: Scopes) -> Iterator[Resource]:
    if person.mobile and scopes & {"contacts", "mobile"}:
        value = f"{person.mobile[:2]}({person.mobile[2:5]}){person.mobile[5:]}"
        yield {"id": person.oid * 10 + 1, "type": "MBT", "vrfStu": "VERIFIED", "value": value}
    if person.email and scopes & {"contacts", "email"}:
        yield {"id": person.oid * 10 + 2, "type": "EML", "vrfStu": "VERIFIED", "value": person.email}


def _passport(person: Person, number: str) -> Resource:
    status = "VERIFIED" if person.trusted else "NOT_VERIFIED"
    return {
        "id": person.oid * 10,
        "type": "RF_PASSPORT",
        "vrfStu": status,
        "series": number[:4],
        "number": number[4:],
    }


def _address(person: Person, text: str) -> Resource:
    return {"id": person.oid * 10, "type": "PRG", "countryId": "RUS", "addressStr": text}


def _tagged(resource: Resource) -> Resource:
    # A tag, not a protection: any digest that changes with the content does.
    return resource | {"eTag": hashlib.sha256(orjson.dumps(resource)).hexdigest()[:40].upper()}
