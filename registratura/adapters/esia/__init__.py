"""Sign-in through Gosuslugi (ESIA): by ESIA's own protocol, or through a certified gateway by OpenID Connect."""

from registratura.adapters.esia.claims import ClaimNames
from registratura.adapters.esia.direct import DirectEsia, DirectSettings, connect_direct
from registratura.adapters.esia.gateway import GatewaySettings, connect_gateway
from registratura.adapters.esia.keys import read_token_keys
from registratura.adapters.esia.selfcheck import Finding, Material, self_check
from registratura.adapters.esia.signing import (
    CommandSigner,
    FakeSigner,
    RemoteSignerSettings,
    Signer,
    connect_signer,
    openssl_command,
    openssl_digest,
)
from registratura.adapters.esia.web import Line

__all__ = [
    "ClaimNames",
    "CommandSigner",
    "DirectEsia",
    "DirectSettings",
    "FakeSigner",
    "Finding",
    "GatewaySettings",
    "Line",
    "Material",
    "RemoteSignerSettings",
    "Signer",
    "connect_direct",
    "connect_gateway",
    "connect_signer",
    "openssl_command",
    "openssl_digest",
    "read_token_keys",
    "self_check",
]
