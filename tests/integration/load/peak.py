"""Loads a file and says how much memory that took at most: `python peak.py DATABASE FILE`; the answer is in MB."""

import asyncio
import sys
from zoneinfo import ZoneInfo

from registratura.adapters.load import RussianWording, open_source, read_records, temporary_spool
from registratura.adapters.sql import open_storage
from registratura.application.load import LoadRecords
from tests.harness.memory import peak

ZONE = ZoneInfo("Europe/Moscow")


async def main(url: str, file: str) -> None:
    async with open_storage(url) as storage:
        load = LoadRecords(storage=storage, open_spool=lambda: temporary_spool(ZONE), wording=RussianWording())
        with open_source(file) as source:
            report = await load(read_records(source, ZONE))
    assert report.is_complete
    sys.stdout.write(f"{peak()}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
