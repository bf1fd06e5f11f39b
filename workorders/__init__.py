"""The language of the network: what can be asked, of whom, with which fields.

Nothing here imports the rest of TOROS, so a remote script may install and use this package alone.
"""

from workorders.envelope import FaultCode, Receipt, Refusal, WorkOrder
from workorders.vocabulary import DESKS, VOCABULARY, Request, parse, request_of

__all__ = ["DESKS", "VOCABULARY", "FaultCode", "Receipt", "Refusal", "Request", "WorkOrder", "parse", "request_of"]
