"""How much a load may ask of the machine."""

import attrs


@attrs.frozen(kw_only=True)
class Limits:
    """Sizes in bytes; a load of any size passes in flat memory, a single record may not be large."""

    record: int = 1024 * 1024
    """The longest line of NDJSON."""
    expanded: int = 8 * 1024**3
    """The most that one gzip stream may unpack to."""
    ratio: int = 200
    """How many times larger than the archive its contents may be, counted after the first `allowance` bytes."""
    allowance: int = 16 * 1024**2
