"""The data manager's nouns, one a file: targets, measurements, spectra, batches, exposures, combinations, products."""

from toros.data.tables.audit import Audit
from toros.data.tables.base import Base
from toros.data.tables.combination import Combination, combination_combination, combination_exposure
from toros.data.tables.data_product import DataProduct
from toros.data.tables.exposure import Exposure
from toros.data.tables.file_batch import FileBatch, batch_exposure
from toros.data.tables.measurement import Measurement
from toros.data.tables.measurement_history import MeasurementHistory
from toros.data.tables.series import Series
from toros.data.tables.spectrum import Spectrum
from toros.data.tables.target import Target
from toros.data.tables.target_extra import TargetExtra
from toros.data.tables.target_group import TargetGroup
from toros.data.tables.target_list import TargetList, TargetListMember
from toros.data.tables.target_name import TargetName
from toros.data.tables.target_tag import TargetTag
from toros.data.tables.user import User
from toros.data.tables.user_group import Membership, UserGroup

__all__ = [
    "METADATA", "Audit", "Combination", "DataProduct", "Exposure", "FileBatch", "Measurement", "MeasurementHistory",
    "Membership", "Series", "Spectrum", "Target", "TargetExtra", "TargetGroup", "TargetList", "TargetListMember",
    "TargetName", "TargetTag", "User", "UserGroup", "batch_exposure", "combination_combination",
    "combination_exposure",
]  # fmt: skip

METADATA = Base.metadata
