"""What settings demand of each other, and of the files they name: plain functions that give words about each fault."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from registratura.entrypoints import texts
from registratura.entrypoints.setting_sections import Esia, EsiaMode, Max

PREFIX: Final = "REGISTRATURA_"

_NEEDED: Final[Mapping[EsiaMode, tuple[tuple[str, ...], ...]]] = {
    EsiaMode.GATEWAY: (("esia.client_id",), ("esia.client_secret",)),
    EsiaMode.DIRECT: (
        ("esia.client_id",),
        ("esia.certificate_hash",),
        ("esia.token_key_files",),
        ("esia.key_file", "esia.signer_url"),
    ),
}
"""What each way to Gosuslugi cannot do without; of several settings one is enough."""


def variable(path: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + path.upper().replace(".", "_")


def lacking(values: Mapping[str, object]) -> Iterator[str]:
    """What is not set although something that is set needs it; *values* as they came, those that are unfit too."""

    def is_set(path: str) -> bool:
        # Commas alone name no file.
        return bool(str(values.get(path, "")).replace(",", " ").strip())

    def unset(needed: Iterable[tuple[str, ...]], because: str) -> Iterator[str]:
        for choice in needed:
            if not any(is_set(path) for path in choice):
                yield texts.NEEDED.format(settings=texts.OR.join(map(_named, choice)), because=because)

    mode = str(values.get("esia.mode", Esia().mode.value)).strip()
    # A mode that there is not is a fault of its own, and needs nothing.
    if is_set("esia.url") and mode in {known.value for known in EsiaMode}:
        yield from unset(_NEEDED[EsiaMode(mode)], texts.NEEDED_BY_ESIA.format(mode=mode))
    if is_set("sferum.url"):
        yield from unset([("sferum.token",)], "sferum.url")


def unreadable(messenger: Max, esia: Esia) -> Iterator[str]:
    """The files that cannot be opened, each with its setting."""
    named = [
        ("max.ca_file", messenger.ca_file),
        ("esia.ca_file", esia.ca_file),
        ("esia.key_file", esia.key_file),
        ("esia.certificate_file", esia.certificate_file),
        *(("esia.token_key_files", str(file)) for file in esia.token_keys),
    ]
    for path, file in named:
        if not file:
            continue
        try:
            with Path(file).open("rb"):
                pass
        except (OSError, ValueError) as failure:
            yield unreadable_words(path, file, failure)


def unreadable_words(path: str, file: str, failure: Exception) -> str:
    """That the *file* named by the setting *path* cannot be read."""
    return texts.FILE_OF_UNREADABLE.format(setting=_named(path), file=_shown(file), reason=reason_of(failure))


def reason_of(failure: Exception) -> str:
    """Why a file cannot be read: what the system says, and nothing of what stands in the file."""
    return getattr(failure, "strerror", None) or type(failure).__name__


def unfit_words(path: str, file: str, expected: str) -> str:
    """That the *file* named by the setting *path* holds something else."""
    return texts.FILE_OF_UNFIT.format(setting=_named(path), file=_shown(file), expected=expected)


def _named(path: str) -> str:
    return f"{path} ({variable(path)})"


def _shown(file: str) -> str:
    # Whoever gave the key itself instead of its file finds it in no journal.
    return file if file.isprintable() else "…"
