"""Checking what is kept: every product has its file, and every file is what its product says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from sqlalchemy import select

from toros.data.tables import DataProduct
from toros.data.verification import size_of_file, verify_file
from toros.errors import Permanent, TorosError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from toros.data.storage import Storage
    from toros.files import Roots

__all__ = ["Finding", "check_products", "stray_files"]

T = TypeVar("T")
PAGE = 500  # rows read at once
TOGETHER = 400  # hashes in one query
Read = Callable[[Callable[["Session"], T]], T]


@dataclass(frozen=True)
class Finding:
    """What the check of one product found.

    Attributes
    ----------
    product : int
    file : str
        Its place in the storage, or its location.
    verdict : {"well", "missing", "damaged", "unknown"}
        "unknown" where it cannot be told now.
    reason : str
        In words; empty where it is well.
    """

    product: int
    file: str
    verdict: Literal["well", "missing", "damaged", "unknown"]
    reason: str = ""


def check_products(read: Read[Any], files: Roots, storage: Storage, *, quick: bool = False) -> Iterator[Finding]:
    """Check every product that was not deleted, the first recorded first.

    Parameters
    ----------
    read : callable
        Runs a query on the data manager's database.
    files : Roots
        Where those lie that are not in the storage.
    storage : Storage
    quick : bool
        Look at sizes only, and read no file.
    """
    columns = (DataProduct.number, DataProduct.location, DataProduct.sha256, DataProduct.size, DataProduct.stored)
    last = 0
    while True:
        query = select(*columns).where(DataProduct.number > last, DataProduct.deleted.is_(None))
        rows = read(partial(_page, query=query.order_by(DataProduct.number).limit(PAGE)))
        for row in rows:
            yield _finding(row, files, storage, quick)
        if len(rows) < PAGE:
            return
        last = rows[-1].number


def stray_files(read: Read[Any], storage: Storage) -> Iterator[str]:
    """Yield the keys of files in the storage that no product needs: what was left by a daemon that was cut off."""
    keys: list[str] = []
    for key in storage.keys():  # noqa: SIM118 - it is no mapping
        keys.append(key)
        if len(keys) == TOGETHER:
            yield from _strays(read, keys)
            keys = []
    yield from _strays(read, keys)


def _page(session: Session, *, query: Any) -> Any:
    return session.execute(query).all()


def _strays(read: Read[Any], keys: list[str]) -> list[str]:
    hashes = [key[6:70] for key in keys]
    query = select(DataProduct.stored).where(DataProduct.sha256.in_(hashes), DataProduct.deleted.is_(None))
    needed = set(read(lambda session: session.scalars(query).all()))
    return [key for key in keys if key not in needed]


def _finding(row: Any, files: Roots, storage: Storage, quick: bool) -> Finding:
    file = row.stored or row.location
    try:
        wrong = _stored(row, storage, quick) if row.stored else _in_roots(row, files, quick)
    except Permanent as error:
        return Finding(row.number, file, "missing", str(error))
    except TorosError as error:
        return Finding(row.number, file, "unknown", str(error))
    return Finding(row.number, file, "damaged" if wrong else "well", wrong)


def _stored(row: Any, storage: Storage, quick: bool) -> str:
    """Return what is wrong with a file in the storage; nothing where it is well."""
    size = storage.size(row.stored)
    if size != row.size:
        return f"has {size} bytes of {row.size}"
    if not quick and (digest := storage.digest(row.stored)) != row.sha256:
        return f"has the SHA-256 {digest}, not that of its name"
    return ""


def _in_roots(row: Any, files: Roots, quick: bool) -> str:
    """Return what is wrong with a file that lies where it was; nothing where it is well."""
    path = files.path(row.location)
    size = size_of_file(path, name=row.location)
    if size != row.size:
        return f"has {size} bytes of {row.size}"
    if not quick:
        try:
            verify_file(path, row.size, row.sha256, name=row.location)
        except Permanent as error:
            return str(error)
    return ""
