"""What kind of frame it is: as the header says it in any words, else guessed, and then the guess is said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from toros.errors import BadFrame
from toros.reduction.keywords import number_of, plain, text_of

__all__ = ["KINDS", "illumination_of", "is_master", "kind_of"]

KINDS = ("bias", "dark", "flat", "light", "bad_pixels")
NO_TIME = 1e-6  # seconds; drivers write 1e-32 for "as short as can be"


def kind_of(
    header: Mapping[str, Any], words: Mapping[str, Any], name: str, exposure: float | None, marks: list[str]
) -> tuple[str, float | None, str]:
    """Return the kind of frame, its exposure time brought together with that, and the header's own words for it.

    Parameters
    ----------
    header, words : mapping
        The frame's header and the dialect.
    name : str
        The file's name.
    exposure : float or None
        Seconds, as the header says.
    marks : list of str
        What was guessed is added.

    Raises
    ------
    BadFrame
        It is of a kind that cannot be calibrated, or its exposure time is impossible.
    """
    kind, said = _said(header, words, name, marks)
    if kind is None:
        kind = _guessed(header, words, name, exposure, marks)
    return *_agree(kind, exposure, marks), said


def is_master(header: Mapping[str, Any], words: Mapping[str, Any], said: str, name: str, marks: list[str]) -> bool:
    """Tell whether a frame is finished: made of other frames, to be used as it is.

    Parameters
    ----------
    header, words, name, marks
        As of `kind_of`.
    said : str
        The header's own words for the kind.
    """
    finished = words["master"]
    if _of_words(said, words) == "bad_pixels" or any(header.get(key) is True for key in finished["true_keywords"]):
        return True
    if any((number_of(header, [key]) or 0) > 1 for key in finished["count_keywords"]):
        return True
    if any(word in finished["words"] for word in said.split()):
        return True
    if _of_name(name, words) and any(part in finished["words"] for part in _parts(name)):
        marks.append("a finished master was guessed from the file's name")
        return True
    return False


def illumination_of(header: Mapping[str, Any], words: Mapping[str, Any], said: str) -> str:
    """Return what a flat is lit by: "dome" or "sky", empty where its header does not say.

    Parameters
    ----------
    header, words, said
        As of `is_master`.
    """
    told = {_bare(said, words), _object_of(header, words)}
    return next((lit for lit, known in words["illuminations"].items() if told & set(known)), "")


def _said(header: Mapping[str, Any], words: Mapping[str, Any], name: str, marks: list[str]) -> tuple[str | None, str]:
    """Return the kind that the header names, and how; None where it names none that we know."""
    for key in words["kind_keywords"]:
        said = plain(text_of(header, [key]))
        if not said:
            continue
        kind = _of_words(said, words)
        if kind == "light":
            return _mislabelled(header, words, name, marks), said
        if kind:
            return kind, said
        if said in words["other_kinds"]:
            raise BadFrame(f"is a frame of another kind: {key} = {said}")
        marks.append(f"{key} = {said!r} is not a kind of frame that we know")
    return None, ""


def _guessed(
    header: Mapping[str, Any], words: Mapping[str, Any], name: str, exposure: float | None, marks: list[str]
) -> str:
    """Return the kind of a frame whose header does not name it: by its object, its file's name, or its shutter."""
    guesses = {
        "from its object": _of_object(header, words),
        "from the file's name": _of_name(name, words),
        f"from its exposure time of {exposure} s": "bias" if exposure is not None and abs(exposure) < NO_TIME else None,
    }
    reason, kind = next(((why, k) for why, k in guesses.items() if k not in (None, "light")), ("", "light"))
    marks.append(f"the header does not say what kind of frame this is: {kind} was guessed {reason}".rstrip())
    return str(kind)


def _of_words(said: str, words: Mapping[str, Any]) -> str | None:
    bare = _bare(said, words)
    return next((kind for kind in KINDS if bare in words["kinds"][kind]), None)


def _bare(said: str, words: Mapping[str, Any]) -> str:
    """Return the words for a kind without those that say that it is finished."""
    return " ".join(w for w in said.split() if w not in words["master"]["words"])


def _of_object(header: Mapping[str, Any], words: Mapping[str, Any]) -> str | None:
    """Return the kind that OBJECT names."""
    target = _object_of(header, words)
    return _of_words(target, words) if target else None


def _object_of(header: Mapping[str, Any], words: Mapping[str, Any]) -> str:
    """Return what OBJECT names; numbers and filters behind it do not matter."""
    target = plain(text_of(header, words["object_keywords"])).split()
    while len(target) > 1 and re.fullmatch(r"\d+|[a-z]{1,2}", target[-1]):
        target.pop()
    return " ".join(target)


def _parts(name: str) -> list[str]:
    return re.split(r"[^a-z]+", name.lower())


def _of_name(name: str, words: Mapping[str, Any]) -> str | None:
    for kind in ("flat", "dark", "bias"):
        if any(part in words["kinds"][kind] or part in (f"{kind}s", f"{kind}es") for part in _parts(name)):
            return kind
    return None


def _mislabelled(header: Mapping[str, Any], words: Mapping[str, Any], name: str, marks: list[str]) -> str:
    """Return the kind that OBJECT or the file's name says where the software calls everything a light frame."""
    target = text_of(header, words["object_keywords"])
    kind = _of_object(header, words)
    if kind in ("flat", "bias", "dark"):
        marks.append(f"the header calls this a light frame of the object {target!r}: {kind} was guessed")
        return kind
    by_name = _of_name(name, words)
    if by_name is None:
        return "light"
    if target:
        marks.append(f"the file is named as a {by_name}, its header says a light frame of {target!r}: light was taken")
        return "light"
    marks.append(f"the header calls this a light frame of no object: {by_name} was guessed from the file's name")
    return by_name


def _agree(kind: str, exposure: float | None, marks: list[str]) -> tuple[str, float | None]:
    """Bring kind and exposure time together: a dark of no length is a bias."""
    if exposure is not None and abs(exposure) < NO_TIME:
        if kind == "dark":
            marks.append(f"a dark of {exposure:g} s is a bias")
            return "bias", 0.0
        return kind, 0.0
    if exposure is not None and exposure < 0:
        if kind == "bias":
            marks.append(f"the exposure time is negative ({exposure:g} s): taken as 0")
            return kind, 0.0
        raise BadFrame(f"its exposure time is negative: {exposure:g} s")
    if exposure is None and kind in ("dark", "light"):
        marks.append("the header does not say how long the exposure was")
    return kind, exposure
