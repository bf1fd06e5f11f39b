"""A recipe is written into a header and read from it again."""

from __future__ import annotations

from astropy.io import fits

from toros.reduction.recipe import Input, Recipe, Step


def test_a_recipe_written_twice_is_there_once_with_long_names_and_all_frames() -> None:
    many = tuple(Input("frame", f"raw:night/{'x' * (n % 90)}-{n}.fits", f"{n:064x}") for n in range(300))
    header = fits.Header([("SIMPLE", True), ("OBJECT", "before")])
    for inputs in (many, many[:7]):
        recipe = Recipe("master_bias", inputs, (Step("combine", {"clip": 5.0}),))
        recipe.write(header)
        assert Recipe.read(fits.Header.fromstring(header.tostring())) == recipe
        assert len(header["TINP*"]) == len(header["TSHA*"]) == len(inputs)
    assert header["OBJECT"] == "before"
