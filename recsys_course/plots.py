"""One look for all figures of the book: colours that survive colour blindness, dark ink.

matplotlib is imported on first use, so that importing the package stays light.
"""

from __future__ import annotations

from typing import Any

# Okabe & Ito 2008, "Color Universal Design", without black (that is the ink) and with yellow
# last: on white it has too little contrast for a line.
OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442"]
INK = "#333333"  # text and axes; the site puts figures on a light card in dark mode
FAINT = "#8A8A8A"  # grid lines and what should stand back
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]  # a second sign beside colour, in the same order


def style() -> dict[str, Any]:
    """The settings themselves, for ``matplotlib.rc_context(style())``."""
    from cycler import cycler

    return {
        "axes.prop_cycle": cycler(color=OKABE_ITO),
        "figure.figsize": (7.0, 4.0),  # inches; the width of the text column at 11 points
        "figure.dpi": 150,
        "figure.constrained_layout.use": True,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "font.size": 11,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "legend.frameon": False,
        "lines.linewidth": 2.0,
        "lines.markersize": 6.0,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "grid.color": FAINT,
        "grid.alpha": 0.3,
        "image.cmap": "cividis",
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor", "axes.edgecolor"), INK),
        **dict.fromkeys(("xtick.color", "ytick.color", "legend.labelcolor"), INK),
    }


def use_style() -> None:
    """Set the look for all figures that follow."""
    import matplotlib as mpl

    settings: Any = style()  # matplotlib's type lists every key by name
    mpl.rcParams.update(settings)
