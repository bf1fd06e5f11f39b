"""The data manager's nouns, one a file: targets, measurements, spectra, observations, frames, products."""

from toros.data.tables.audit import Audit
from toros.data.tables.base import Base
from toros.data.tables.cadence import Cadence
from toros.data.tables.combination import Combination, combination_combination, combination_exposure
from toros.data.tables.data_product import DataProduct
from toros.data.tables.data_product_group import DataProductGroup
from toros.data.tables.data_product_observer import DataProductObserver
from toros.data.tables.data_product_tag import DataProductTag
from toros.data.tables.exposure import Exposure
from toros.data.tables.file_batch import FileBatch, batch_exposure
from toros.data.tables.measurement import Measurement
from toros.data.tables.measurement_history import MeasurementHistory
from toros.data.tables.observation import Observation, ObservationEvent
from toros.data.tables.observation_group import ObservationGroup
from toros.data.tables.observation_template import ObservationTemplate
from toros.data.tables.proposal import Proposal
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
    "METADATA", "Audit", "Cadence", "Combination", "DataProduct", "DataProductGroup", "DataProductObserver",
    "DataProductTag", "Exposure", "FileBatch", "Measurement", "MeasurementHistory", "Membership", "Observation",
    "ObservationEvent", "ObservationGroup", "ObservationTemplate", "Proposal", "Series", "Spectrum", "Target",
    "TargetExtra", "TargetGroup", "TargetList", "TargetListMember", "TargetName", "TargetTag", "User", "UserGroup",
    "batch_exposure", "combination_combination", "combination_exposure",
]  # fmt: skip

METADATA = Base.metadata
