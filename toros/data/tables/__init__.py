"""The data manager's nouns, one a file: batches, exposures, combinations, products."""

from toros.data.tables.base import Base
from toros.data.tables.combination import Combination, combination_combination, combination_exposure
from toros.data.tables.data_product import DataProduct
from toros.data.tables.exposure import Exposure
from toros.data.tables.file_batch import FileBatch, batch_exposure

__all__ = [
    "METADATA", "Combination", "DataProduct", "Exposure", "FileBatch", "batch_exposure", "combination_combination",
    "combination_exposure",
]  # fmt: skip

METADATA = Base.metadata
