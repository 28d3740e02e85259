"""The command `registratura`. Exit codes: 0 done, 1 failed, 2 usage, 3 done in part."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, NoReturn

import attrs
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from registratura.application.accounts import Saved
from registratura.application.load import LoadReport
from registratura.application.ports.failures import Unavailable
from registratura.application.ports.spool import RefusedLine
from registratura.domain.accounts import SHORTEST_PASSWORD, is_long_enough
from registratura.entrypoints import composition, doctor, texts
from registratura.entrypoints.composition import BackupRefused, Registratura, compose, open_source
from registratura.entrypoints.doctor import Finding
from registratura.entrypoints.http.app import Deferred
from registratura.entrypoints.http.fleet import Fleet
from registratura.entrypoints.http.serving import Server, listening
from registratura.entrypoints.listening import require_free
from registratura.entrypoints.logs import set_up_logging
from registratura.entrypoints.metrics import exposition
from registratura.entrypoints.metrics.listener import listening as showing_metrics
from registratura.entrypoints.settings import Settings, WrongSettings, load_settings
from registratura.entrypoints.worker.stopping import until_stopped

FAILED, USAGE, PARTLY = 1, 2, 3

app = typer.Typer(
    name="registratura",
    help=texts.HELP,
    add_completion=False,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True, highlight=False)


@app.callback(invoke_without_command=True)
def version(
    context: typer.Context,
    *,
    shown: Annotated[bool, typer.Option("--version", help=texts.VERSION)] = False,
) -> None:
    """What stands before every command."""
    if shown:
        typer.echo(f"registratura {metadata.version('registratura')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(USAGE)


def _fail(words: str, code: int = FAILED) -> NoReturn:
    errors.print(words, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def _settings() -> Settings:
    with _telling():
        return load_settings(os.environ, Path.cwd())


@contextlib.contextmanager
def _telling(database: str = texts.DATABASE_NOT_READY) -> Iterator[None]:
    """Say what hinders the start, and what to do, instead of a trace; *database* are the words when that does."""
    try:
        yield
    except WrongSettings as wrong:
        _fail(texts.WRONG_SETTINGS.format(faults="\n".join(f"  {fault}" for fault in wrong.faults)), USAGE)
    except Unavailable as reason:
        _fail(database.format(reason=reason))


def _run(work: Callable[[Registratura], Awaitable[int]], settings: Settings) -> NoReturn:
    async def within() -> int:
        async with compose(settings) as product:
            await product.ready()
            return await work(product)

    with _telling():
        code = asyncio.run(within())
    raise typer.Exit(code)


@app.command(help=texts.SERVE)
def serve(
    host: Annotated[str, typer.Option(help=texts.HOST)] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help=texts.PORT)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help=texts.WORKERS)] = 1,
) -> None:
    """HTTP alone."""
    set_up_logging()
    settings = _settings()
    _check_schema(settings)
    try:
        require_free(host, port)
    except OSError as taken:
        _fail(texts.PORT_TAKEN.format(host=host, port=port, reason=taken.strerror or taken))
    if workers > 1:
        exposition.share()
        served = Fleet(listening(host, port), workers).run()
    else:
        app = Deferred(lambda: compose(settings))
        server = Server(app, host=host, port=port, drain_seconds=settings.http.drain_seconds)
        server.run()
        served = server.started
    raise typer.Exit(0 if served else FAILED)


def _check_schema(settings: Settings) -> None:
    async def look() -> None:
        async with compose(settings) as product:
            await product.ready()

    with _telling():
        asyncio.run(look())


@app.command(help=texts.WORK)
def work() -> None:
    """The worker alone; any number may run at once."""
    set_up_logging()
    settings = _settings()

    address = str(settings.worker.metrics_address)

    async def working(product: Registratura) -> int:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(showing_metrics(address, product.inspection))
            except OSError as taken:
                _fail(texts.METRICS_PORT_TAKEN.format(address=address, reason=taken.strerror or taken))
            return await until_stopped(product)

    _run(working, settings)


@app.command(help=texts.MIGRATE)
def migrate() -> None:
    """Bring the database to the newest schema."""
    settings = _settings()
    try:
        composition.migrate(settings)
    except Unavailable as reason:
        _fail(texts.DATABASE_SILENT.format(reason=reason))
    typer.echo(texts.MIGRATED)


@app.command(help=texts.LOAD)
def load(
    files: Annotated[list[str], typer.Argument(help=texts.FILES)],
) -> None:
    """Load records; the same file twice changes nothing."""
    settings = _settings()
    missing = [name for name in files if name != "-" and not Path(name).exists()]
    if missing:
        _fail(texts.NO_FILE.format(names=", ".join(missing)), USAGE)
    folders = [name for name in files if Path(name).is_dir()]
    if folders:
        _fail(texts.IS_FOLDER.format(names=", ".join(folders)), USAGE)

    async def all_files(product: Registratura) -> int:
        totals = [(await _load_one(product, name)).total for name in files]
        if not any(total.refused or total.loaded for total in totals):
            _fail(texts.NO_RECORDS)
        if not any(total.refused for total in totals):
            return 0
        return PARTLY if any(total.loaded for total in totals) else FAILED

    _run(all_files, settings)


async def _load_one(product: Registratura, name: str) -> LoadReport:
    def refused(line: RefusedLine) -> None:
        words = texts.REFUSED.format(
            name=name,
            line=line.number,
            kind=line.kind or "—",
            id=line.id or "—",
            code=line.code,
            reason=line.reason,
        )
        errors.print(words, markup=False, soft_wrap=True)

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn(texts.RECORDS),
        TimeRemainingColumn(),
    )
    with open_source(name) as source, Progress(*columns, console=errors, disable=not errors.is_terminal) as bar:
        task = bar.add_task(name, total=source.size, records=0)

        def progress(records: int) -> None:
            bar.update(task, completed=source.done, records=records)

        report = await product.loading.run(source, name=name, on_refused=refused, progress=progress)
    typer.echo(texts.FILE_DONE.format(name=name))
    for kind, counts in report.counts.items():
        typer.echo(texts.COUNTS.format(kind=kind, **attrs.asdict(counts)))
    return report


@app.command(help=texts.BACKUP)
def backup(
    folder: Annotated[Path, typer.Option("--to", file_okay=False, help=texts.FOLDER)] = Path("var/backups"),
    keep: Annotated[int | None, typer.Option(min=1, help=texts.KEEP)] = None,
) -> None:
    """Save everything into one file."""
    settings = _settings()
    with _telling(), _safely():
        file = composition.backup(settings, folder, keep=keep)
    typer.echo(texts.BACKED_UP.format(file=file, megabytes=f"{file.stat().st_size / 1e6:.1f}"))


@app.command(help=texts.RESTORE)
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=texts.BACKUP_FILE)],
    *,
    replace: Annotated[bool, typer.Option("--replace", help=texts.REPLACE)] = False,
) -> None:
    """Bring the database back from a file."""
    settings = _settings()
    with _telling(), _safely():
        before = composition.restore(settings, file, replace=replace)
    typer.echo(texts.RESTORED.format(file=file))
    if before is not None:
        typer.echo(texts.SAVED_BEFORE.format(file=before))


@contextlib.contextmanager
def _safely() -> Iterator[None]:
    try:
        yield
    except BackupRefused as refused:
        _fail(texts.NOT_BACKED_UP[refused.hindrance.value].format(detail=refused.detail))
    except OSError as unusable:
        _fail(texts.FILE_NOT_USABLE.format(name=unusable.filename or "", reason=unusable.strerror or unusable))


@app.command(help=texts.ADMINISTRATOR)
def administrator(login: Annotated[str, typer.Argument(help=texts.LOGIN)]) -> None:
    """Make somebody an administrator; the password is asked for, or is the first line of the input."""
    if not login.strip():
        _fail(texts.NO_LOGIN, USAGE)
    settings = _settings()
    if sys.stdin.isatty():
        password = typer.prompt(texts.PASSWORD, hide_input=True, confirmation_prompt=texts.PASSWORD_AGAIN)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not is_long_enough(password):
        _fail(texts.PASSWORD_SHORT.format(shortest=SHORTEST_PASSWORD), USAGE)

    async def appoint(product: Registratura) -> int:
        saved = await product.people.manage.appoint(login.strip(), password, "registratura administrator")
        if saved is not Saved.DONE:
            _fail(texts.LOGIN_TAKEN)
        typer.echo(texts.APPOINTED.format(login=login.strip(), address=settings.public.url))
        return 0

    _run(appoint, settings)


@app.command(name="doctor", help=texts.DOCTOR)
def examine(*, examples: Annotated[bool, typer.Option("--examples", help=texts.EXAMPLES_OPTION)] = False) -> None:
    """Look at each dependency, or walk the control examples."""
    look = doctor.show if examples else doctor.examine
    settings = _settings()
    with _telling(texts.DATABASE_ADVICE):
        findings = asyncio.run(look(settings))
    for finding in findings:
        typer.echo(f"{_sign(finding)} {finding.name}: {finding.words}")
    raise typer.Exit(exit_code(findings))


def _sign(finding: Finding) -> str:
    if finding.faltered:
        return "!"
    return "✓" if finding.works else "✗"


def exit_code(findings: Sequence[Finding]) -> int:
    """Failed when anything does not work, done in part when something did not at first."""
    if not all(finding.works for finding in findings):
        return FAILED
    return PARTLY if any(finding.faltered for finding in findings) else 0


@app.command(help=texts.SANDBOX)
def sandbox(
    port: Annotated[int, typer.Option(min=1, max=65535, help=texts.PORT)] = 8000,
    data: Annotated[Path, typer.Option(help=texts.DATA)] = Path("var/sandbox"),
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help=texts.FRESH)] = False,
) -> None:
    """Everything in one process."""
    # Imported here, because no other command needs the counterparts, and to load them takes as long as to start.
    from registratura.entrypoints.sandbox.host import Sandbox  # noqa: PLC0415

    set_up_logging()
    # To stop is what was asked for, so it ends well either way; the server passes the signal on when it is done.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        asyncio.run(Sandbox(port=port, data=data).run(fresh=fresh))
    except OSError as unusable:
        _fail(texts.NOT_STARTED.format(reason=unusable.strerror or unusable))
    except KeyboardInterrupt:
        sys.exit(0)
