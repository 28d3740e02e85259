"""The command `registratura`. Exit codes: 0 done, 1 failed, 2 usage, 3 done in part."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from registratura.application.load import LoadReport
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.spool import RefusedLine
from registratura.entrypoints import composition, doctor
from registratura.entrypoints.composition import Registratura, compose, open_source
from registratura.entrypoints.http.app import deferred
from registratura.entrypoints.logs import set_up_logging
from registratura.entrypoints.sandbox.host import Sandbox
from registratura.entrypoints.settings import Settings, WrongSettings, load_settings
from registratura.entrypoints.worker import loops

FAILED, USAGE, PARTLY = 1, 2, 3
STOP_WITHIN = 20
"""Seconds in which a server ends the requests it has begun."""

app = typer.Typer(
    name="registratura",
    help="Электронная регистратура: расписание, запись, телемедицинские консультации, обмен.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True, highlight=False)


def main() -> None:
    """The console script."""
    app()


def _fail(words: str, code: int = FAILED) -> NoReturn:
    errors.print(words, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def _settings() -> Settings:
    try:
        return load_settings(os.environ, Path.cwd())
    except WrongSettings as wrong:
        _fail("Настройки не подходят:\n" + "\n".join(f"  {fault}" for fault in wrong.faults), USAGE)


def _run(work: Callable[[Registratura], Awaitable[int]], settings: Settings) -> NoReturn:
    async def within() -> int:
        async with compose(settings) as product:
            await product.storage.ping()
            return await work(product)

    try:
        code = asyncio.run(within())
    except Unavailable as reason:
        _fail(f"База данных не готова: {reason}")
    raise typer.Exit(code)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Адрес, на котором слушать.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Порт.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Сколько процессов.")] = 1,
) -> None:
    """HTTP: вебхук MAX, API для МИС."""
    set_up_logging()
    settings = _settings()
    _check_schema(settings)
    options = {
        "host": host,
        "port": port,
        "log_config": None,
        "access_log": False,
        "timeout_graceful_shutdown": STOP_WITHIN,
        "server_header": False,
    }
    if workers == 1:
        uvicorn.run(deferred(lambda: compose(settings)), **options)  # type: ignore[arg-type]  # one bag of options
    else:
        factory = "registratura.entrypoints.http.app:from_environment"
        uvicorn.run(factory, factory=True, workers=workers, **options)  # type: ignore[arg-type]


def _check_schema(settings: Settings) -> None:
    async def look() -> None:
        async with compose(settings) as product:
            await product.storage.ping()

    try:
        asyncio.run(look())
    except Unavailable as reason:
        _fail(f"База данных не готова: {reason}")


@app.command()
def work() -> None:
    """Разбирает входящее, отправляет исходящее; таких процессов может быть сколько угодно."""
    set_up_logging()

    async def until_stopped(product: Registratura) -> int:
        working = asyncio.create_task(loops.run(product))
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, working.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await working
        return 0

    _run(until_stopped, _settings())


@app.command()
def migrate() -> None:
    """Приводит базу данных к новейшей схеме."""
    settings = _settings()
    try:
        composition.migrate(settings)
    except Unavailable as reason:
        _fail(f"База данных не отвечает: {reason}")
    typer.echo("Схема базы данных новейшая.")


@app.command()
def load(
    files: Annotated[list[str], typer.Argument(help="Файлы NDJSON или JSON, можно .gz; «-» — стандартный ввод.")],
) -> None:
    """Загружает записи: организации, врачей, слоты, пациентов. Повтор того же файла ничего не меняет."""
    settings = _settings()
    missing = [name for name in files if name != "-" and not Path(name).is_file()]
    if missing:
        _fail("Нет такого файла: " + ", ".join(missing), USAGE)

    async def all_files(product: Registratura) -> int:
        complete = True
        for name in files:
            report = await _load_one(product, name)
            complete = complete and report.is_complete
        return 0 if complete else PARTLY

    _run(all_files, settings)


async def _load_one(product: Registratura, name: str) -> LoadReport:
    def refused(line: RefusedLine) -> None:
        errors.print(
            f"{name}:{line.number} {line.kind or '—'} {line.id or '—'} {line.code} {line.reason}",
            markup=False,
            soft_wrap=True,
        )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[records]} записей"),
        TimeRemainingColumn(),
    )
    with open_source(name) as source, Progress(*columns, console=errors, disable=not errors.is_terminal) as bar:
        task = bar.add_task(name, total=source.size, records=0)

        def progress(records: int) -> None:
            bar.update(task, completed=source.done, records=records)

        report = await product.loading.run(source, name=name, on_refused=refused, progress=progress)
    typer.echo(f"{name}:")
    for kind, counts in report.counts.items():
        typer.echo(
            f"  {kind}: новых {counts.created}, изменено {counts.changed}, без изменений {counts.same},"
            f" отказано {counts.refused}"
        )
    return report


@app.command(name="doctor")
def examine() -> None:
    """Проверяет каждую зависимость: работает ли, а если нет, то почему и что делать."""
    findings = asyncio.run(doctor.examine(_settings()))
    for finding in findings:
        typer.echo(f"{'✓' if finding.works else '✗'} {finding.name}: {finding.words}")
    raise typer.Exit(0 if all(finding.works for finding in findings) else FAILED)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Порт.")] = 8000,
    data: Annotated[Path, typer.Option(help="Папка с данными песочницы.")] = Path("var/sandbox"),
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="Начать с пустой папки.")] = False,
) -> None:
    """Всё сразу для знакомства: HTTP, обработчик, эмулятор MAX и выдуманный регион."""
    set_up_logging()
    # To stop is what was asked for, so it ends well either way; the server passes the signal on when it is done.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        asyncio.run(Sandbox(port=port, data=data).run(fresh=fresh))
    except OSError as unusable:
        _fail(f"Не удалось начать: {unusable.strerror or unusable}. Другой порт: PORT=8001 make run")
    except KeyboardInterrupt:
        sys.exit(0)
