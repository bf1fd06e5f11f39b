"""`toros data`: the files that are kept, and the data manager's database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import ConfigFile, Json

if TYPE_CHECKING:
    from toros.config import Config
    from toros.data.checking import Finding
    from toros.store.database import Database

__all__ = ["data"]

data = typer.Typer(help="The files that are kept, and the data manager's database.", no_args_is_help=True)
SHOWN = 20  # lines of each kind
Filter = Annotated[str | None, typer.Option(show_default=False, help="Only products of this.")]


@data.command()
def verify(
    quick: Annotated[bool, typer.Option("--quick", help="Look at sizes only.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Check that every product has its file, and every file the contents that its product says.

    Runs where the data manager's files are, beside the daemon. Ends with 1 where a file is missing or damaged.

    Examples:

      toros data verify

      toros data verify --quick --json
    """
    from toros.cli.codes import ExitCode
    from toros.cli.failures import Ended
    from toros.cli.screen import print_json
    from toros.config import load_config
    from toros.data.checking import check_products, stray_files
    from toros.data.storage import storage_of
    from toros.files import Roots

    settings = load_config(config)
    roots, storage = Roots(settings.files.roots, settings.state), storage_of(settings)
    with _database(settings) as database:
        counts: dict[str, int] = {"well": 0, "missing": 0, "damaged": 0, "unknown": 0}
        wrong: list[Finding] = []
        for finding in check_products(database.read, roots, storage, quick=quick):
            counts[finding.verdict] += 1
            if finding.verdict != "well":
                wrong.append(finding)
        strays = list(stray_files(database.read, storage))
    if json:
        print_json({**counts, "stray": strays, "findings": [vars(each) for each in wrong]})
    else:
        _tell(counts, wrong, strays)
    raise Ended(ExitCode.FAILED if wrong else ExitCode.OK)


@data.command()
def fetch(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="A .tar or .zip to write.", dir_okay=False),
    ],
    products: Annotated[
        list[int] | None, typer.Argument(metavar="NUMBER…", help="Numbers of products.", show_default=False)
    ] = None,
    target: Filter = None,
    product_type: Annotated[str | None, typer.Option("--type", show_default=False, help="Only this type.")] = None,
    tag: Filter = None,
    batch: Filter = None,
    observation: Filter = None,
    config: ConfigFile = None,
) -> None:
    """Write the files of products, and a list of what they are, into one tar or zip.

    Runs where the data manager's files are.

    Examples:

      toros data fetch 17 18 --output two.tar

      toros data fetch --target "SN 2026abc" --type calibrated -o frames.zip
    """
    from toros.config import load_config
    from toros.data.bundles import entries_of, stream_tar, stream_zip
    from toros.data.storage import storage_of
    from toros.files import Roots

    stream = {".tar": stream_tar, ".zip": stream_zip}.get(output.suffix.lower())
    if stream is None:
        raise typer.BadParameter(f"{output.name} is neither a .tar nor a .zip", param_hint="--output")
    asked: dict[str, Any] = {
        "target": target,
        "product_type": product_type,
        "tag": tag,
        "batch": batch,
        "observation": observation,
    }
    if not products and not any(asked.values()):
        raise typer.BadParameter("say which products: their numbers, --target, --type, --tag, --batch or --observation")
    settings = load_config(config)
    with _database(settings) as database:
        found = list(_found(database, products, asked))
    entries = entries_of(found, Roots(settings.files.roots, settings.state), storage_of(settings))
    unfinished = output.with_name(f".{output.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            for piece in stream(entries):
                file.write(piece)
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
    typer.echo(f"wrote {output}: {len(found)} product{'s' * (len(found) != 1)}, {output.stat().st_size} bytes")


@data.command()
def backup(config: ConfigFile = None) -> None:
    """Copy the data manager's database while it is in use; the last copy is replaced. Files are not in it.

    PostgreSQL needs its client programs here (pg_dump): the copy then lies in the node's state.

    Examples:

      toros data backup
    """
    from toros.config import load_config
    from toros.store.backup import make_backup

    copy = make_backup(load_config(config), "data_manager")
    typer.echo(f"wrote {copy}: {copy.stat().st_size} bytes")


@data.command()
def restore(config: ConfigFile = None) -> None:
    """Put the last backup of the data manager's database in its place; stop the daemon first.

    Examples:

      toros data restore
    """
    from toros.config import load_config
    from toros.store.backup import restore_backup

    typer.echo(restore_backup(load_config(config), "data_manager"))


def _tell(counts: dict[str, int], wrong: list[Finding], strays: list[str]) -> None:
    from toros.cli.screen import clean

    typer.echo(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    for finding in wrong[:SHOWN]:
        typer.echo(f"  product {finding.product}: {finding.verdict}: {clean(finding.file)}: {clean(finding.reason)}")
    if len(wrong) > SHOWN:
        typer.echo(f"  and {len(wrong) - SHOWN} more; all of them with --json")
    if strays:
        typer.echo(f"{len(strays)} files in the storage belong to no product, such as {strays[0]}")


def _found(database: Database, products: list[int] | None, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the products that are meant; raise Permanent for a number that is none."""
    from functools import partial

    from toros.data.finding import find_products
    from toros.errors import Permanent

    for number in [*dict.fromkeys(products)] if products else [None]:
        after, more = 0, True
        while more:
            page = database.read(partial(find_products, product=number, after=after, **asked))
            if number is not None and not page["products"]:
                raise Permanent(f"there is no product {number}, or not of what was asked")
            yield from page["products"]
            more = page["more"]
            after = page["products"][-1]["number"] if more else after


@contextmanager
def _database(config: Config) -> Iterator[Database]:
    """Give the data manager's database, to read it beside the daemon; raise DatabaseError where there is none."""
    from toros.errors import DatabaseError
    from toros.store.database import Database, database_url

    url = database_url(config, "data_manager")
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise DatabaseError(f"there is no database {url.database}: has the data manager run on this node?")
    database = Database(url, service="data_manager")
    try:
        yield database
    finally:
        database.close()
