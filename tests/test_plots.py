"""The look of the figures: readable ink, visible colours, matplotlib left alone until used."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
from matplotlib.colors import to_rgb

from recsys_course import plots

CARDS = ["#FFFFFF", "#F3F4F5"]  # what the site puts behind figures, light and dark


def linear(colour: str) -> np.ndarray:
    """(3,) linear light of a colour (IEC 61966-2-1)."""
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """Contrast ratio as WCAG 2 defines it, 1 to 21."""
    dark, light = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b))
    return (light + 0.05) / (dark + 0.05)


def test_text_is_readable_on_both_cards() -> None:
    assert all(contrast(plots.INK, card) >= 4.5 for card in CARDS)


def test_the_first_colours_stand_out_and_every_colour_has_a_marker() -> None:
    """3:1 is the least contrast for graphics in WCAG 2."""
    assert all(contrast(colour, "#FFFFFF") >= 3 for colour in plots.OKABE_ITO[:4])
    assert len(plots.MARKERS) == len(set(plots.MARKERS)) == len(plots.OKABE_ITO)


def test_use_style_sets_the_cycle() -> None:
    with mpl.rc_context():
        plots.use_style()
        assert mpl.rcParams["axes.prop_cycle"].by_key()["color"] == plots.OKABE_ITO
        assert mpl.rcParams["axes.facecolor"] == "none"


def test_importing_plots_imports_no_matplotlib() -> None:
    code = "import sys, recsys_course.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
