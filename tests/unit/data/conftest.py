"""The tests of the data room may use a real PostgreSQL and an S3 server."""

from tests.support.postgres import postgres
from tests.support.s3 import object_store

__all__ = ["object_store", "postgres"]
