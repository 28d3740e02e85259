"""How dialogues and messages stand in JSON columns: unions carry a tag, moments and days are ISO 8601."""

from typing import Any

from cattrs.preconf.json import make_converter
from cattrs.strategies import configure_tagged_union

from registratura.application.ports.messenger import Button, Incoming, LinkButton, Outgoing
from registratura.domain.dialogue import Dialogue

_converter = make_converter()


def _tag(kind: type[Any]) -> str:
    return kind.__name__.lower()


for _union in (Button | LinkButton, Incoming, Outgoing):
    configure_tagged_union(_union, _converter, tag_name="kind", tag_generator=_tag)


def write_dialogue(dialogue: Dialogue) -> object:
    """The dialogue as JSON data."""
    return _converter.unstructure(dialogue)


def read_dialogue(data: object) -> Dialogue:
    """The dialogue that `write_dialogue` wrote."""
    return _converter.structure(data, Dialogue)


def write_incoming(incoming: Incoming) -> object:
    """What came in, as JSON data."""
    return _converter.unstructure(incoming, Incoming)


def read_incoming(data: object) -> Incoming:
    """What `write_incoming` wrote."""
    return _converter.structure(data, Incoming)  # type: ignore[arg-type]  # a union is no class


def write_outgoing(outgoing: Outgoing) -> object:
    """An effect, as JSON data."""
    return _converter.unstructure(outgoing, Outgoing)


def read_outgoing(data: object) -> Outgoing:
    """What `write_outgoing` wrote."""
    return _converter.structure(data, Outgoing)  # type: ignore[arg-type]  # a union is no class
