"""The catalogue: complete, within the limits of the messenger, and in the wording the product promises."""

import re
import typing

import pytest

from registratura.adapters.max import texts
from registratura.adapters.max.refusal_phrases import WAYS_OUT, WORDS
from registratura.application.dialogue.screens import Remark
from registratura.domain.refusals import CancelRefusal, Refusal
from registratura.entrypoints.http import texts as http_texts

FORBIDDEN = ("успешно", "некорректн", "осуществ", "данный", "данного", "в случае если", "Ошибка 18")


def catalogue() -> list[str]:
    found = []
    for value in vars(texts).values():
        entries = value.values() if isinstance(value, dict) else [value]
        found += [entry for entry in entries if isinstance(entry, str) and re.search("[а-яё]", entry, re.IGNORECASE)]
    return found


@pytest.mark.req("TMK-61")
def test_every_refusal_has_words_and_says_what_to_do() -> None:
    assert set(WORDS) == set(WAYS_OUT) == set(typing.get_args(Refusal))
    for words in WORDS.values():
        assert re.search("Выберите|выберите|позвоните|Обратитесь|можно|не можете", words), words


def test_different_reasons_of_the_lists_have_different_words() -> None:
    shared = {texts.REFUSAL_OTHER}
    own = [words for words in WORDS.values() if words not in shared]
    assert len(own) == len(set(own))


def test_the_api_has_words_for_every_refusal() -> None:
    names = {kind.__name__ for kind in (*typing.get_args(Refusal), *typing.get_args(CancelRefusal))}
    assert set(http_texts.REFUSALS) == names


def test_every_remark_has_a_note() -> None:
    assert set(texts.NOTES) == set(Remark)


@pytest.mark.parametrize("words", catalogue())
def test_the_wording_rules_hold(words: str) -> None:
    assert not [phrase for phrase in FORBIDDEN if phrase.lower() in words.lower()]
    assert len(words) <= 4000
    assert "  " not in words


def test_buttons_fit_a_phone() -> None:
    labels = {name: label for name, label in vars(texts).items() if name.startswith("B_")}
    assert labels
    assert all(len(label) <= 40 for label in labels.values())
