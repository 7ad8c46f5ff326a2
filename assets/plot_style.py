"""Run by each kernel of the build: the book's look for every figure, drawn at twice the screen's resolution."""

from pathlib import Path

import font_source_sans_pro
import matplotlib.style
from IPython import get_ipython
from matplotlib import font_manager
from matplotlib_inline import backend_inline

fonts = Path(font_source_sans_pro.__file__).parent / "files"
for weight in ("Regular", "It", "Bold"):
    font_manager.fontManager.addfont(fonts / f"SourceSansPro-{weight}.ttf")
get_ipython().run_line_magic("matplotlib", "inline")
# with their full size, not cropped, the frames of a slider do not jump
backend_inline.set_matplotlib_formats("retina", bbox_inches=None)
matplotlib.style.use(Path(__file__).with_name("book.mplstyle"))
