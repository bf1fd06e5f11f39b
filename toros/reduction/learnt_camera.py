"""A camera's file from what was learnt of it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from toros.reduction.amplifier import Amplifier
from toros.reduction.cameras.camera import Camera
from toros.reduction.cameras.file_text import file_text
from toros.reduction.inventory import Seen
from toros.reduction.keywords import dialects, number_of, text_of
from toros.reduction.learning import Learnt, LearntAmplifier
from toros.reduction.photon_transfer import Measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["camera_from", "camera_text", "disagreements", "mask_file"]

DIFFERS = 0.03  # part by which a header must be off to be put right
SURE = 3.0  # errors by which it must be off as well


def camera_from(
    learnt: Learnt,
    frame: Seen,
    amplifiers: Sequence[Amplifier],
    header: Mapping[str, Any],
    bad_pixels: str | None = None,
) -> Camera:
    """Return the camera that was known, with what was learnt.

    Parameters
    ----------
    learnt : Learnt
    frame : Seen
        One of the frames; what its camera's file knew already is kept.
    amplifiers : sequence of Amplifier
        Those that were learnt, in the same order.
    header : mapping
        Of that frame.
    bad_pixels : str, optional
        Name of the file of the mask.
    """
    settings = frame.frame.settings
    camera = replace(settings, match=settings.match or _match(header), bad_pixels=bad_pixels or settings.bad_pixels)
    if learnt.linearity is not None and learnt.linearity.significant:
        camera = replace(camera, linearity=tuple(_short(c) for c in learnt.linearity.coefficients))
    if frame.frame.amplifiers:
        several = tuple(_learnt(*pair) for pair in zip(amplifiers, learnt.amplifiers, strict=True))
        return replace(camera, amplifiers=several, shape=frame.shape)
    one = _learnt(amplifiers[0], learnt.amplifiers[0])
    return replace(
        camera,
        gain=one.gain or camera.gain,
        read_noise=one.read_noise or camera.read_noise,
        saturation=one.saturation or camera.saturation,
        shape=frame.shape,
        overscan=str(frame.frame.overscan) if frame.frame.overscan else camera.overscan,
        trim=str(frame.frame.trim) if frame.frame.trim else camera.trim,
        cards={**camera.cards, **{keyword: _short(found) for keyword, _, found in _wrong(learnt, header, settings)}},
    )


def disagreements(learnt: Learnt, frame: Seen, header: Mapping[str, Any]) -> list[str]:
    """Return what the header says otherwise than was measured, a sentence each."""
    if frame.frame.amplifiers:
        return []
    return [
        f"the header says {keyword} = {said:g}, measured is {found}: the camera's file puts it right (cards)"
        for keyword, said, found in _wrong(learnt, header, frame.frame.settings)
    ]


def _wrong(learnt: Learnt, header: Mapping[str, Any], settings: Camera) -> list[tuple[str, float, Measured]]:
    """Return keywords whose value is far from what was measured: a header's word would go before the file's."""
    transfer, words = learnt.amplifiers[0].transfer, dialects()
    wrong = []
    for thing, found in (("gain", transfer.gain), ("read_noise", transfer.read_noise)):
        for keyword in settings.keywords.get(thing, words[f"{thing}_keywords"]):
            said = number_of(header, [keyword])
            if said is None or found is None:
                continue
            off = abs(said - found.value)
            if off > max(DIFFERS * found.value, SURE * found.error):
                wrong.append((keyword, said, found))
            break
    return wrong


def _match(header: Mapping[str, Any]) -> dict[str, str]:
    """Return the card that says which camera it is."""
    for keyword in dialects()["camera_keywords"]:
        name = text_of(header, [keyword])
        if name:
            return {keyword: f"^{re.escape(name)}$".replace("\\ ", " ")}
    return {}


def _learnt(amplifier: Amplifier, found: LearntAmplifier) -> Amplifier:
    transfer = found.transfer
    return replace(
        amplifier,
        gain=_short(transfer.gain) if transfer.gain else amplifier.gain,
        read_noise=_short(transfer.read_noise) if transfer.read_noise else amplifier.read_noise,
        saturation=float(round(transfer.saturation.value)) if transfer.saturation else amplifier.saturation,
    )


def _short(measured: Measured) -> float:
    """Return a value with one figure more than its error allows."""
    return float(f"{measured.value:.5g}")


def camera_text(learnt: Learnt, camera: Camera) -> str:
    """Return the text of the camera's file: how it was learnt, and the errors, as comments above it."""
    used = ", ".join(f"{number} {kind}" for kind, number in learnt.frames.items() if kind != "pairs" and number)
    lines = [f"Learnt by `toros camera learn` from {used}; values with their standard errors:"]
    for n, one in enumerate(learnt.amplifiers, 1):
        which = f"amplifier {n}: " if len(learnt.amplifiers) > 1 else ""
        lines.append(f"{which}{_in_words(one)}")
    if learnt.linearity is not None:
        terms = ", ".join(f"c{n} {c}" for n, c in enumerate(learnt.linearity.coefficients, 1))
        lines.append(f"linearity {terms}" + ("" if learnt.linearity.significant else ": nothing to correct"))
    if learnt.bad_pixels is not None:
        lines.append(f"bad pixels: {learnt.hot} hot, {learnt.dead} dead")
    comments = [part for line in [*lines, *learnt.remarks] for part in textwrap.wrap(line, 110, subsequent_indent="  ")]
    return "".join(f"# {line}\n" for line in comments) + file_text(camera)


def mask_file(bad: NDArray[np.bool_], camera: str = "") -> bytes:
    """Return a FITS file of a bad-pixel mask: 1 is bad.

    Parameters
    ----------
    bad : bool array, shape (rows, columns)
        Of the image without overscan, amplifiers in their places.
    camera : str
        As its headers call it.
    """
    import io

    import numpy as np
    from astropy.io import fits

    hdu = fits.PrimaryHDU(bad.astype(np.uint8))
    hdu.header["IMAGETYP"] = ("Bad Pixel Mask", "1 is bad")
    if camera:
        hdu.header["INSTRUME"] = camera.encode("ascii", "replace").decode()
    buffer = io.BytesIO()
    hdu.writeto(buffer)
    return buffer.getvalue()


def _in_words(one: LearntAmplifier) -> str:
    transfer = one.transfer
    said = [
        f"gain {transfer.gain} electrons per count" if transfer.gain else "",
        f"read noise {transfer.read_noise} electrons" if transfer.read_noise else "",
        f"saturation {transfer.saturation.value:.0f} counts" if transfer.saturation else "",
        f"overscan {one.overscan.level.value:.1f} counts" if one.overscan else "",
    ]
    return ", ".join(part for part in said if part) or "nothing"
