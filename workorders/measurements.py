"""What can be asked about measurements: photometry in, out, and switched off."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workorders.envelope import WorkOrder
from workorders.quantities import Comment, FilterName, Location, Name

__all__ = ["ExportPhotometry", "FindMeasurements", "IngestPhotometry", "IngestSpectrum", "SwitchMeasurements"]

Kind = Literal["magnitude", "flux", "flux_per_wavelength", "counts"]
Scale = Literal["utc", "tdb", "tt", "tai"]
Reference = Literal["observatory", "geocentre", "heliocentre", "barycentre"]
Mjd = Annotated[float, Field(ge=9542, le=88069)]
Short = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f\ufffe\uffff]*$")]
Layout = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,31}$",
        json_schema_extra={"words": "the name of a processor that is installed: atlas, sextractor, table, toros"},
    ),
]
NARROWING = "true, or filters, kinds, sources, facilities, series, times, since, until or product"
RowNumber = Annotated[int, Field(ge=1, le=2_147_483_647)]


class IngestPhotometry(WorkOrder):
    """Take the points of a file into a target's light curve; the same file again changes nothing."""

    request: Literal["ingest_photometry"] = "ingest_photometry"
    target: Name = Field(description="any name of the target")
    file_location: Location
    layout: Layout | None = Field(None, description="how the file is laid out; told from the file itself where absent")
    quantity: Literal["magnitude", "flux"] | None = Field(
        None, description="what is taken from a file that has both; magnitudes where absent"
    )
    time_format: Literal["mjd", "jd", "iso"] | None = Field(
        None, description="of a column of times whose name does not say it; MJD where absent"
    )
    time_offset: float = Field(
        0.0, ge=-2_500_000, le=2_500_000, description="added to the times of the file, which left it out; days"
    )
    time_scale: Scale | None = Field(None, description="of the times, where the file does not say it; utc where absent")
    time_reference: Reference | None = Field(
        None,
        description="where the light arrives at the times, if the file does not say it; observatory where absent",
    )
    filter: FilterName | None = Field(None, description="of rows that do not say their filter")
    system: Annotated[str, Field(min_length=1, max_length=32)] | None = Field(
        None, description="of magnitudes that do not say it: AB, Vega"
    )
    unit: Literal["uJy", "mJy", "Jy", "nJy", "erg/s/cm2/AA", "counts"] | None = Field(
        None, description="of fluxes that do not say it"
    )
    facility: Name | None = Field(None, description="of rows that do not say their telescope")
    observer: Name | None = Field(None, description="of rows that do not say their observer")
    source: Short | None = Field(None, description="the archive or survey that the file comes from")
    method: Short | None = Field(None, description="how it was measured, such as aperture or PSF")
    mjd: Mjd | None = Field(None, description="mid-exposure of a catalogue of one frame's stars; MJD, UTC, days")
    match_radius: float = Field(
        2.0, gt=0, le=60, description="within which a star of such a catalogue is the target; arcseconds"
    )
    atomic: bool = Field(False, description="take nothing where any row is refused; else the good rows are kept")
    product: RowNumber | None = Field(None, description="number of the data product that the file is")


class IngestSpectrum(WorkOrder):
    """Take the spectrum of a file in; the same file again changes nothing.

    Columns of text called wavelength and flux, perhaps error, with comments such as DATE-OBS; or a FITS file of one to
    three dimensions that has its wavelengths in the header.
    """

    request: Literal["ingest_spectrum"] = "ingest_spectrum"
    target: Name = Field(description="any name of the target")
    file_location: Location
    mjd: Mjd | None = Field(None, description="mid-exposure, where the file does not say it; MJD, UTC, days")
    unit: Short | None = Field(
        None, description="of the fluxes, as the FITS standard writes units; erg s-1 cm-2 Angstrom-1 where nobody says"
    )
    facility: Name | None = Field(None, description="the telescope, where the file does not say it")
    observer: Name | None = Field(None, description="who took it")
    product: RowNumber | None = Field(None, description="number of the data product that the file is")


class _Selection(WorkOrder):
    """Which points of a target are meant; all where nothing narrows it."""

    target: Name = Field(description="any name of the target")
    filters: list[FilterName] = Field(default_factory=list, max_length=100, description="only those in these filters")
    kinds: list[Kind] = Field(default_factory=list, max_length=4, description="only those of these kinds")
    sources: list[Short] = Field(default_factory=list, max_length=100, description="only those from these archives")
    facilities: list[Name] = Field(default_factory=list, max_length=100, description="only those of these telescopes")
    series: list[RowNumber] = Field(
        default_factory=list, max_length=100, description="only those of these series, by number"
    )
    since: Mjd | None = Field(None, description="only those at or after this time; MJD, days")
    until: Mjd | None = Field(None, description="only those at or before this time; MJD, days")
    product: RowNumber | None = Field(None, description="only those that came from this data product, by number")


class FindMeasurements(_Selection):
    """A target's points with what each series is, page by page."""

    request: Literal["find_measurements"] = "find_measurements"
    active_only: bool = Field(True, description="leave out what is switched off")
    limit: int = Field(1000, ge=1, le=5000, description="most rows of the page")
    after: Annotated[str, Field(max_length=40, pattern=r"^[0-9]+\.-?[0-9]+$")] | None = Field(
        None,
        description="page on: the after of the page before",
        json_schema_extra={"words": "the after of the page before"},
    )


class ExportPhotometry(_Selection):
    """Write a target's light curve to a file."""

    request: Literal["export_photometry"] = "export_photometry"
    file_location: Location = Field(description="root:path of the file to write")
    format: Literal["bhtom", "csv", "ecsv", "votable", "parquet"] = Field(
        "csv", description="bhtom holds magnitudes only, the others all that is known"
    )
    active_only: bool = Field(True, description="leave out what is switched off")
    replace: bool = Field(False, description="write over another file of that name")


class SwitchMeasurements(_Selection):
    """Switch points off, or on again; nothing is lost, and a later ingestion leaves the switch as it is."""

    request: Literal["switch_measurements"] = "switch_measurements"
    active: bool = Field(description="true switches on, false off")
    times: list[Mjd] = Field(
        default_factory=list, max_length=1000, description="only the points at these times; MJD, days"
    )
    tolerance: float = Field(1e-6, ge=0, le=0.5, description="by which a time may differ from one of `times`; days")
    everything: bool = Field(False, description="must be true where nothing narrows which points are meant")
    reason: Comment | None = Field(None, description="why; kept with the order")

    @model_validator(mode="after")
    def _said_which(self) -> Self:
        narrowed = (self.filters, self.kinds, self.sources, self.facilities, self.series, self.times, self.since,
                    self.until, self.product)  # fmt: skip
        if not self.everything and all(each in ([], None) for each in narrowed):
            raise PydanticCustomError(
                "one_of",
                "gives nothing that narrows which points are meant",
                {
                    "field": "everything",
                    "allowed": NARROWING,
                },
            )
        return self
