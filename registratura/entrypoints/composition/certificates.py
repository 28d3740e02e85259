"""Files with certificates, tried before anything is opened, so that a fault names its setting and its file."""

import ssl
from collections.abc import Iterator

from registratura.adapters import esia
from registratura.entrypoints import texts
from registratura.entrypoints.setting_checks import unfit_words, unreadable_words
from registratura.entrypoints.setting_sections import Esia
from registratura.entrypoints.settings import Settings, WrongSettings


def require_certificates(settings: Settings) -> None:
    """Raise `WrongSettings` when a file does not hold the certificates that its setting is for; names all of them."""
    faults = [
        *_authorities("max.ca_file", settings.max.ca_file),
        *_authorities("esia.ca_file", settings.esia.ca_file),
        *_token_keys(settings.esia),
    ]
    if faults:
        raise WrongSettings(faults)


def _authorities(path: str, file: str) -> Iterator[str]:
    if not file:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except ssl.SSLError:
        yield unfit_words(path, file, texts.AUTHORITIES)
    except (OSError, ValueError) as failure:
        yield unreadable_words(path, file, failure)


def _token_keys(asked: Esia) -> Iterator[str]:
    for file in asked.token_keys:
        try:
            esia.read_token_keys([file])
        except ValueError:
            yield unfit_words("esia.token_key_files", str(file), texts.TOKEN_KEYS)
        except OSError as failure:
            yield unreadable_words("esia.token_key_files", str(file), failure)
