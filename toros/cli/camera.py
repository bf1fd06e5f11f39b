"""`toros camera`: what a camera's own frames say of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toros.cli.options import Json

if TYPE_CHECKING:
    from rich.table import Table

    from toros.reduction.cameras.camera import Camera
    from toros.reduction.inventory import Seen
    from toros.reduction.learning import Learnt
    from toros.reduction.photon_transfer import Measured

__all__ = ["cameras"]

Told = Callable[[str, float], None]  # what is being done, and the part of it that is

cameras = typer.Typer(help="What a camera's own frames say of it.", no_args_is_help=True)


@cameras.callback()
def _cameras() -> None:
    """What a camera's own frames say of it."""


@cameras.command()
def learn(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="Raw biases, flats and darks of one camera.",
            exists=True,
            file_okay=False,
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            dir_okay=False,
            show_default=False,
            help="Camera file to write, ending in .yaml; named after the camera by default. Never replaced.",
        ),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(metavar="DIR", file_okay=False, help="Folder to draw plots into.", show_default=False),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option(
            "--cameras",
            metavar="DIR",
            exists=True,
            file_okay=False,
            show_default=False,
            help="Folder of camera files to begin from, beside those that come with TOROS.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Learn a camera from its raw frames: gain, read noise, saturation, linearity, overscan and bad pixels.

    Two biases and two flats of one level are enough for gain and read noise. Pairs of flats of several exposure times
    up to saturation tell the rest, and two or more long darks the hot pixels. The file goes into the folder of cameras
    that the configuration names.

    Examples:

      toros camera learn frames/2026-11-20

      toros camera learn frames/2026-11-20 -o cameras/north.yaml --plots plots
    """
    from toros.cli.screen import clean, console, print_json, progress_bar

    with progress_bar(quiet=json) as tell:
        seen, remarks = _look(folder, known, tell)
        path = _free_path(output or Path(f"{_file_name(seen[0])}.yaml"))
        found = _learn(seen, tell)
    written = _write(found, seen[0], path)
    pictures = _draw(found.learnt, plots, seen[0])
    said = [*remarks, *found.learnt.remarks, *found.disagreements]
    if json:
        print_json({
            "camera": path.stem, "file": str(path.absolute()), "frames": found.learnt.frames,
            "amplifiers": [_amplifier(one) for one in found.learnt.amplifiers],
            "linearity": _linearity(found.learnt), "hot_pixels": found.learnt.hot, "dead_pixels": found.learnt.dead,
            "written": [str(one.absolute()) for one in [*written, *pictures]], "remarks": said,
        })  # fmt: skip
        return
    screen = console()
    screen.print(_table(found.learnt, seen[0]))
    for line in [*_below(found.learnt), *said]:
        screen.print(clean(line), markup=False)
    for one in [*written, *pictures]:
        screen.print(f"wrote {one}", markup=False)


@dataclass(frozen=True)
class _Found:
    """What was learnt, the camera made of it, and what its headers say otherwise."""

    learnt: Learnt
    camera: Camera
    disagreements: Sequence[str]


def _look(folder: Path, known: Path | None, tell: Told) -> tuple[list[Seen], list[str]]:
    """Return the frames to learn from; raise TorosError where there are none."""
    from toros.errors import BadFrame, TorosError
    from toros.reduction.camera_frames import choose_frames
    from toros.reduction.cameras.camera import load_cameras
    from toros.reduction.inventory import inspect, list_files

    files, remarks = list_files(folder)
    described, seen = load_cameras(known), []
    for n, path in enumerate(files):
        tell("looking at the frames", n / len(files))
        try:
            seen.append(inspect(str(path.absolute()), f"folder:{path.name}", cameras=described))
        except (BadFrame, OSError) as error:
            remarks.append(f"{path.name} {error}: left out")
    chosen, more = choose_frames(seen)
    if not any(one.frame.kind == "bias" for one in chosen) or not any(one.frame.kind == "flat" for one in chosen):
        raise TorosError(
            f"{folder} holds {_numbers(chosen)} of one camera that can be learnt from: two raw biases and two raw "
            "flats of one level are the least"
        )
    return chosen, remarks + more


def _numbers(chosen: Sequence[Seen]) -> str:
    names = {"bias": "biases", "flat": "flats", "dark": "darks"}
    return ", ".join(f"{sum(one.frame.kind == kind for one in chosen)} {name}" for kind, name in names.items())


def _learn(seen: Sequence[Seen], tell: Told) -> _Found:
    import tempfile

    from toros.errors import TorosError
    from toros.reduction.camera_frames import open_frames
    from toros.reduction.learning import learn as learn_camera
    from toros.reduction.learnt_camera import camera_from, disagreements

    with tempfile.TemporaryDirectory() as scratch, open_frames(seen, Path(scratch)) as frames:
        learnt = learn_camera(frames.samples, frames.amplifiers, lambda part: tell("comparing them", part))
        if all(one.transfer.gain is None and one.transfer.read_noise_counts is None for one in learnt.amplifiers):
            raise TorosError("; ".join(learnt.remarks))
        camera = camera_from(learnt, seen[0], frames.amplifiers, frames.header)
        return _Found(learnt, camera, disagreements(learnt, seen[0], frames.header))


def _file_name(seen: Seen) -> str:
    return re.sub(r"[^a-z0-9]+", "_", seen.frame.camera.lower()).strip("_") or "camera"


def _free_path(path: Path) -> Path:
    """Return the path; raise TorosError where it cannot be a camera's file, or is one already."""
    from toros.errors import TorosError

    if path.suffix not in (".yaml", ".yml"):
        raise TorosError(f"{path}: a camera's file ends in .yaml")
    if path.exists():
        raise TorosError(f"{path} exists and is left as it is: give another name with --output")
    return path


def _write(found: _Found, seen: Seen, path: Path) -> list[Path]:
    """Write the camera's file, and the mask beside it."""
    from dataclasses import replace

    from toros.durable import write_durably
    from toros.reduction.learnt_camera import camera_text, mask_file

    camera, written, bad = found.camera, [path], found.learnt.bad_pixels
    if bad is not None and bad.any():
        mask = path.with_name(f"{path.stem}-bad-pixels.fits")
        write_durably(mask, mask_file(bad, seen.frame.camera))
        camera, written = replace(camera, bad_pixels=mask.name), [path, mask]
    write_durably(path, camera_text(found.learnt, camera).encode())
    return written


def _draw(learnt: Learnt, plots: Path | None, seen: Seen) -> list[Path]:
    from toros.reduction.learning_plots import draw_all

    return [] if plots is None else draw_all(learnt, plots, seen.frame.camera or "the camera")


def _table(learnt: Learnt, seen: Seen) -> Table:
    """Return what was learnt of each amplifier."""
    from rich.table import Table
    from rich.text import Text

    from toros.cli.screen import clean

    table = Table(box=None, header_style="bold", pad_edge=False, title_justify="left")
    table.title = Text(clean(seen.frame.camera or "a camera without a name"), style="bold")
    headings = ("amplifier", "gain (e/count)", "read noise (e)", "(counts)", "saturation (counts)", "overscan (counts)")
    for heading in headings:
        table.add_column(heading, justify="right", no_wrap=True)
    for n, one in enumerate(learnt.amplifiers, 1):
        transfer, overscan = one.transfer, one.overscan
        full = f"{transfer.saturation.value:.0f}" if transfer.saturation else "-"
        drift = " drifts" if overscan and overscan.drifts else ""
        table.add_row(
            str(n), *(str(m or "-") for m in (transfer.gain, transfer.read_noise, transfer.read_noise_counts)), full,
            f"{overscan.level.value:.1f}, noise {overscan.noise:.2f}{drift}" if overscan else "-",
        )  # fmt: skip
    return table


def _below(learnt: Learnt) -> list[str]:
    """Return what is one for the whole camera."""
    said = []
    bends = [one.transfer.bend for one in learnt.amplifiers if one.transfer.bend]
    if bends:
        top = max(one.transfer.brightest for one in learnt.amplifiers)
        said.append(
            f"variance falls {-bends[0].value * top:.1%} short of light at {top:.0f} counts: bright pixels push charge "
            "away, or counts are not linear"
        )
    if learnt.linearity is not None:
        terms = ", ".join(f"c{n} = {c}" for n, c in enumerate(learnt.linearity.coefficients, 1))
        off = float(abs(learnt.linearity.plain).max())
        end = "" if learnt.linearity.significant else ": nothing to correct"
        said.append(f"linearity {terms}; at most {off:.2%} off{end}")
    if learnt.bad_pixels is not None:
        said.append(f"bad pixels {learnt.hot} hot, {learnt.dead} dead")
    return said


def _amplifier(one: Any) -> dict[str, Any]:
    transfer, overscan = one.transfer, one.overscan
    names = ("gain", "read_noise", "read_noise_counts", "saturation")
    return {
        **{name: _pair(getattr(transfer, name)) for name in names},
        "bias": round(one.bias, 2),
        "overscan": overscan and {
            "level": _pair(overscan.level), "noise": round(overscan.noise, 3), "along": round(overscan.along, 3),
            "between": round(overscan.between, 3), "drifts": overscan.drifts,
        },
    }  # fmt: skip


def _linearity(learnt: Learnt) -> dict[str, Any] | None:
    found = learnt.linearity
    if found is None:
        return None
    return {"coefficients": [_pair(c) for c in found.coefficients], "significant": found.significant}


def _pair(measured: Measured | None) -> dict[str, float] | None:
    if measured is None:
        return None
    return {"value": float(f"{measured.value:.6g}"), "error": float(f"{measured.error:.2g}")}
