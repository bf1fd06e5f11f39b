"""The amplifiers of a detector: where each one's pixels lie in the raw array, and where they belong in the mosaic."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toros.errors import BadFrame
from toros.reduction.keywords import dialects, text_of, within
from toros.reduction.section import Section, read_directed
from toros.reduction.structure import CARD, Unit, is_image

if TYPE_CHECKING:
    from toros.reduction.cameras.camera import Camera

__all__ = ["Amplifier", "amplifiers_of", "check_places", "extensions_to_stack", "mosaic_shape"]


@dataclass(frozen=True)
class Amplifier:
    """One amplifier of a detector that is read by several.

    Attributes
    ----------
    data : Section
        Its pixels of the sky, in the raw array.
    overscan : Section or None
        In the raw array; it has the rows of `data` (beside it) or its columns (below or above it).
    place : Section
        Where `data` belongs in the mosaic; of the same shape.
    flip_rows, flip_columns : bool
        Whether the order of rows (columns) is turned round on the way.
    gain : float or None
        Electrons per count.
    read_noise : float or None
        Electrons.
    saturation : float or None
        Counts.
    """

    data: Section
    overscan: Section | None
    place: Section
    flip_rows: bool = False
    flip_columns: bool = False
    gain: float | None = None
    read_noise: float | None = None
    saturation: float | None = None


def mosaic_shape(amplifiers: Sequence[Amplifier]) -> tuple[int, int]:
    """Return rows and columns of the image that the amplifiers make together."""
    return max(a.place.top for a in amplifiers), max(a.place.right for a in amplifiers)


def extensions_to_stack(
    units: Sequence[Unit], headers: Sequence[Mapping[str, Any]], words: Mapping[str, Any] | None = None
) -> list[int]:
    """Return which units of a file are the amplifiers of one detector; none if it is an ordinary file.

    They are stacked one above the other, in this order, into one raw array.

    Parameters
    ----------
    units : sequence of Unit
    headers : sequence of mapping
        Of each unit; where they hold the primary's cards too, a section that is not the unit's own does not count.
    words : mapping, optional
        The dialect; the one that comes with TOROS by default.

    Raises
    ------
    BadFrame
        They are amplifiers, and not of one shape and type.
    """
    keys = _keywords(words)
    images = [n for n, unit in enumerate(units) if is_image(unit)]
    sections = [*keys["data"], *keys["overscan"], *keys["place"]]
    chosen = [n for n in images if text_of(headers[n], sections) and not _own_keywords(units[n]).isdisjoint(sections)]
    if len(chosen) < 2:
        return []
    shapes = sorted({units[n].image_shape for n in chosen})
    if len(shapes) > 1:
        raise BadFrame(f"its amplifiers differ in shape: {' and '.join(f'{s[1]} x {s[0]}' for s in shapes)} pixels")
    if len({units[n].bitpix for n in chosen}) > 1:
        raise BadFrame("its amplifiers differ in the type of their numbers")
    return chosen


def amplifiers_of(
    headers: Sequence[Mapping[str, Any]],
    camera: Camera | None,
    shape: tuple[int, int],
    *,
    binning: tuple[int, int] = (1, 1),
    trimmed: bool = False,
    words: Mapping[str, Any] | None = None,
) -> tuple[tuple[Amplifier, ...], tuple[str, ...]]:
    """Return the amplifiers of a raw array, from the camera's file or else from the headers.

    Parameters
    ----------
    headers : sequence of mapping
        Of the one image, or of each extension that was stacked.
    camera : Camera or None
    shape : (int, int)
        Rows and columns of the raw array, stacked.
    binning : (int, int)
        Of rows and columns: places in the mosaic may be counted in pixels that are not binned.
    trimmed : bool
        Everything beside the data was cut off before: what the headers say of it is stale.
    words : mapping, optional
        The dialect; the one that comes with TOROS by default.

    Returns
    -------
    amplifiers : tuple of Amplifier
        Empty where there is one read-out only; together they cover the mosaic, each pixel once.
    marks : tuple of str
        What was guessed or ignored.

    Raises
    ------
    BadFrame
        Their sections do not fit the array, one another or the mosaic.
    """
    keys, marks = _keywords(words), list[str]()
    if trimmed and len(headers) == 1:
        return (), ()
    if trimmed:
        keys = {**keys, "data": [], "overscan": []}
    if camera is not None and camera.amplifiers:
        _check_camera(camera, shape)
        found: Sequence[Amplifier] = camera.amplifiers
    elif len(headers) > 1:
        found = _from_extensions(headers, shape, binning, keys, marks)
    else:
        found = _from_suffixes(headers[0], shape, binning, keys, marks) if headers else []
    return tuple(_filled(one, camera) for one in found), tuple(dict.fromkeys(marks))


def check_places(places: Sequence[Section]) -> str | None:
    """Return why places cannot be those of one mosaic, or None: they must cover it, each pixel once."""
    for n, one in enumerate(places):
        for m, other in enumerate(places[:n]):
            if one.overlaps(other):
                return f"amplifiers {m + 1} and {n + 1} lie on one another in the mosaic: {other} and {one}"
    whole = max(p.top for p in places) * max(p.right for p in places)
    covered = sum(p.shape[0] * p.shape[1] for p in places)
    return None if covered == whole else f"the amplifiers fill {covered} of the mosaic's {whole} pixels"


@dataclass(frozen=True)
class _Cards:
    """What a header says of one amplifier: its name there, and the keywords for each thing."""

    name: str
    header: Mapping[str, Any]
    keywords: Mapping[str, Sequence[str]]


def _keywords(words: Mapping[str, Any] | None) -> Mapping[str, Sequence[str]]:
    keys: Mapping[str, Sequence[str]] = (dialects() if words is None else words)["amplifier_keywords"]
    return keys


def _own_keywords(unit: Unit) -> set[str]:
    return {unit.header[i : i + 8].decode("latin-1").rstrip() for i in range(0, len(unit.header), CARD)}


def _filled(one: Amplifier, camera: Camera | None) -> Amplifier:
    """Return an amplifier; what neither its header nor its line in the camera's file says is the camera's."""
    if camera is None:
        return one
    return replace(
        one,
        gain=one.gain if one.gain is not None else camera.gain,
        read_noise=one.read_noise if one.read_noise is not None else camera.read_noise,
        saturation=one.saturation if one.saturation is not None else camera.saturation,
    )


def _check_camera(camera: Camera, shape: tuple[int, int]) -> None:
    """Refuse an array that the amplifiers of a camera's file are not written for."""
    if camera.shape is not None and camera.shape != shape:
        raise BadFrame(
            f"has {shape[1]} x {shape[0]} pixels; the amplifiers of the camera {camera.name} are written for "
            f"{camera.shape[1]} x {camera.shape[0]}"
        )
    for n, one in enumerate(camera.amplifiers, 1):
        for section in (one.data, one.overscan):
            if section is not None and not section.lies_in(shape):
                raise BadFrame(f"has {shape[1]} x {shape[0]} pixels; amplifier {n} of {camera.name} is at {section}")


def _from_extensions(
    headers: Sequence[Mapping[str, Any]],
    shape: tuple[int, int],
    binning: tuple[int, int],
    keys: Mapping[str, Sequence[str]],
    marks: list[str],
) -> list[Amplifier]:
    """Return one amplifier an extension; its sections are moved up to where it lies in the stack."""
    rows = shape[0] // len(headers)
    cards = [_Cards(str(n), header, keys) for n, header in enumerate(headers, 1)]
    found = [_read(one, (rows, shape[1]), marks) for one in cards]
    stacked = [
        replace(one, data=one.data.moved(n * rows), overscan=one.overscan and one.overscan.moved(n * rows))
        for n, one in enumerate(found)
    ]
    return _placed(stacked, cards, binning)


def _from_suffixes(
    header: Mapping[str, Any],
    shape: tuple[int, int],
    binning: tuple[int, int],
    keys: Mapping[str, Sequence[str]],
    marks: list[str],
) -> list[Amplifier]:
    """Return the amplifiers that one header tells apart by a number or a letter behind each keyword."""
    form = re.compile(rf"^(?:{'|'.join(keys['data'])})(\d{{1,2}}|[A-H])$")
    suffixes = sorted({m.group(1) for key in header if (m := form.match(key))}, key=lambda s: (len(s), s))
    if len(suffixes) < 2:
        return []
    cards = [
        _Cards(suffix, header, {what: [key + suffix for key in names] for what, names in keys.items()})
        for suffix in suffixes
    ]
    found = [_read(one, shape, marks) for one in cards]
    if not any(text_of(header, one.keywords["place"]) for one in cards):
        marks.append("no header says where the amplifiers belong: they were put together as they lie in the raw array")
        return [replace(one, place=place) for one, place in zip(found, _pushed_together(found), strict=True)]
    return _placed(found, cards, binning)


def _read(cards: _Cards, shape: tuple[int, int], marks: list[str]) -> Amplifier:
    """Return one amplifier as its header describes it, not yet in its place."""
    header, keys = cards.header, cards.keywords
    said = text_of(header, keys["data"])
    data = _forward(cards, said, shape) if said else Section(1, shape[1], 1, shape[0])
    overscan = None
    if written := text_of(header, keys["overscan"]):
        overscan = _forward(cards, written, shape).beside(data)
        if overscan is None:
            marks.append(f"the overscan {written} of amplifier {cards.name} does not lie beside {data}: ignored")
    return Amplifier(
        data,
        overscan,
        place=data,
        gain=within(header, keys["gain"], 0.01, 20, "electrons per count", marks),
        read_noise=within(header, keys["read_noise"], 0.01, 500, "electrons", marks),
        saturation=within(header, keys["saturation"], 1, 1e7, "counts", marks),
    )


def _forward(cards: _Cards, text: str, shape: tuple[int, int]) -> Section:
    """Return a section of the raw array; there it makes no difference which way it runs."""
    read = read_directed(text, shape)
    if read is None:
        raise BadFrame(f"the section {text!r} of its amplifier {cards.name} cannot be read")
    if not read[0].lies_in(shape):
        raise BadFrame(f"the section {text} of its amplifier {cards.name} leaves the {shape[1]} x {shape[0]} pixels")
    return read[0]


def _placed(found: Sequence[Amplifier], cards: Sequence[_Cards], binning: tuple[int, int]) -> list[Amplifier]:
    """Return the amplifiers in their places, by the first keyword whose places make a mosaic."""
    reasons = []
    for which in range(len(cards[0].keywords["place"])):
        keys = [one.keywords["place"][which] for one in cards]
        texts = [text_of(one.header, [key]) for one, key in zip(cards, keys, strict=True)]
        if not any(texts):
            continue
        if not all(texts):
            lacks = texts.index("")
            reasons.append(f"its amplifier {cards[lacks].name} has no {keys[lacks]}: where it belongs is not known")
            continue
        try:
            return _by_places(found, texts, binning)
        except BadFrame as error:
            reasons.append(f"{keys[0]}: {error}")
    wanted = " or ".join(cards[0].keywords["place"])
    raise BadFrame(
        reasons[0] if reasons else f"its {len(cards)} amplifiers have no {wanted}: where they belong is not known"
    )


def _by_places(found: Sequence[Amplifier], texts: Sequence[str], binning: tuple[int, int]) -> list[Amplifier]:
    """Return the amplifiers at the places that texts name; a place that runs backwards turns the amplifier round."""
    places, flips = [], []
    for text in texts:
        read = read_directed(text, None)
        if read is None:
            raise BadFrame(f"the section {text!r} cannot be read")
        places.append(read[0])
        flips.append(read[1:])
    left, bottom = min(p.left for p in places) - 1, min(p.bottom for p in places) - 1
    places = [Section(p.left - left, p.right - left, p.bottom - bottom, p.top - bottom) for p in places]
    if binning != (1, 1) and any(p.shape != one.data.shape for p, one in zip(places, found, strict=True)):
        places = [_binned(place, binning) for place in places]
    for n, (place, one) in enumerate(zip(places, found, strict=True), 1):
        if place.shape != one.data.shape:
            raise BadFrame(f"amplifier {n} has {one.data} of the sky and the place {place} of another shape")
    if reason := check_places(places):
        raise BadFrame(reason)
    return [
        replace(one, place=place, flip_rows=flip[0], flip_columns=flip[1])
        for one, place, flip in zip(found, places, flips, strict=True)
    ]


def _binned(place: Section, binning: tuple[int, int]) -> Section:
    rows, columns = binning
    return Section(
        (place.left - 1) // columns + 1, place.right // columns, (place.bottom - 1) // rows + 1, place.top // rows
    )


def _pushed_together(found: Sequence[Amplifier]) -> list[Section]:
    """Return places in the order in which the data lie in the raw array, without what is between them.

    Raises
    ------
    BadFrame
        They do not lie in rows and columns.
    """
    lefts = {one.data.left: one.data.shape[1] for one in found}
    bottoms = {one.data.bottom: one.data.shape[0] for one in found}
    places = []
    for one in found:
        left = sum(width for start, width in lefts.items() if start < one.data.left) + 1
        bottom = sum(height for start, height in bottoms.items() if start < one.data.bottom) + 1
        rows, columns = one.data.shape
        places.append(Section(left, left + columns - 1, bottom, bottom + rows - 1))
    if reason := check_places(places):
        raise BadFrame(reason)
    return places
