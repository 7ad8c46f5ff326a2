"""Slider cells of over sixty kinds, as lectures have them; each as source, metadata, and how far live calls repeat."""

from typing import NamedTuple

import nbformat

SETUP = """
import random
import warnings
import matplotlib.pyplot as plt
import numpy as np
import ipywidgets as widgets
from IPython.display import HTML, Image, Latex, Markdown, Math, clear_output, display
from ipywidgets import (BoundedFloatText, BoundedIntText, Checkbox, ColorPicker, Combobox, Dropdown, FloatLogSlider,
    FloatRangeSlider, FloatSlider, FloatText, GridBox, HBox, IntRangeSlider, IntSlider, IntText, Label, Layout, Play,
    RadioButtons, Select, SelectionRangeSlider, SelectionSlider, Text, Textarea, ToggleButton, ToggleButtons, VBox,
    fixed, interact, interact_manual, interactive, interactive_output)

plt.rcParams["figure.figsize"] = 2, 1.2
state = {"calls": 0}

def line(a=1, b=0):
    x = np.linspace(0, 1, 20)
    plt.plot(x, a * x + b)
    plt.ylim(-5, 5)

class Table:
    def __init__(self, n):
        self.n = n
    def __repr__(self):
        return f"Table({self.n})"
    def _repr_html_(self):
        return f"<table><tr><th>n</th></tr><tr><td>{self.n}</td></tr></table>"

class Formula:
    def __init__(self, n):
        self.n = n
    def _repr_latex_(self):
        return f"$x^{{{self.n}}}$"
"""


class Kind(NamedTuple):
    """A slider cell.

    ``pure`` is false where a live position depends on those before it: then its default alone can be compared.
    ``draws`` says that it shows figures, and needs a text alternative.
    """

    source: str
    metadata: dict
    pure: bool = True
    draws: bool = False


def of(source, pure=True, draws=False, **asked):
    metadata = {"mystnb": {"image": {"alt": "A line"}}} if draws else {}
    return Kind(source, metadata | ({"static_interact": asked} if asked else {}), pure, draws)


KINDS = {
    # how interact is called
    "call": of("def call(n):\n    print(n)\ninteract(call, n=(0, 2));"),
    "decorator": of("@interact(n=(0, 2))\ndef decorator(n=1):\n    print(n)"),
    "bare_decorator": of("@interact\ndef bare_decorator(n=(0, 2), yes=True):\n    print(n, yes)"),
    "lambda": of("interact(lambda n: print('lambda', n), n=(0, 2));"),
    "options": of("@interact.options(manual=False)(n=(0, 2))\ndef options(n):\n    print(n)"),
    "returned": of("interact(lambda n: {'n': n}, n=(0, 2));"),
    "method": of("class M:\n    def show(self, n):\n        print('M', n)\ninteract(M().show, n=(0, 2));"),
    "partial_default": of("def partial_default(n, m=(0, 1)):\n    print(n, m)\ninteract(partial_default, n=(0, 1));"),
    "fixed": of("def with_fixed(n, data):\n    print(n * data)\ninteract(with_fixed, n=(0, 2), data=fixed([1]));"),
    "keywords": of("def keywords(**k):\n    print(sorted(k.items()))\ninteract(keywords, b=(0, 1), a=True);"),
    # what controls there are
    "int_pair": of("interact(lambda n: print('pair', n), n=(-2, 2));"),
    "int_step": of("interact(lambda n: print('step', n), n=(0, 9, 3));"),
    "int_alone": of("interact(lambda n: print('alone', n), n=1);"),
    "float_alone": of("interact(lambda x: print(f'{x:.3f}'), x=0.5);", max_frames=8, thin=True),
    "float_triple": of("interact(lambda x: print(f'{x:.3f}'), x=(0, 1, 0.25));"),
    "float_midpoint": of("interact(lambda x: print(f'{x:.4f}'), x=(0.5, 2.0, 0.5));"),
    "off_grid": of("interact(lambda x: print(f'{x:.4f}'), x=FloatSlider(0.55, min=0, max=1, step=0.25));"),
    "log": of("interact(lambda lr: print(f'{lr:.4g}'), lr=FloatLogSlider(0.1, min=-3, max=0, step=1));"),
    "log_base": of("interact(lambda b: print(b), b=FloatLogSlider(4, base=2, min=0, max=4, step=1));"),
    "readout": of("interact(lambda x: print(x), x=FloatSlider(0.5, min=0, max=1, step=0.5, readout_format='.0%'));"),
    "described": of("interact(lambda n: print(n), n=IntSlider(1, 0, 2, description='Layers'));"),
    "mathematics": of("interact(lambda n: print(n), n=IntSlider(1, 0, 2, description=r'$\\alpha_1$'));"),
    "bounded_int": of("interact(lambda n: print(n), n=BoundedIntText(2, 1, 3));"),
    "bounded_float": of("interact(lambda x: print(x), x=BoundedFloatText(0.5, min=0, max=1, step=0.5));"),
    "list": of("interact(lambda name: print(name), name=['relu', 'tanh']);"),
    "pairs": of("interact(lambda v: print(v), v=[('small', 0.1), ('large', 10)]);"),
    "mapping": of("interact(lambda v: print(v), v={'small': 0.1, 'large': 10});"),
    "functions": of("interact(lambda f: print(f'{f(1.0):.3f}'), f=[('sine', np.sin), ('cosine', np.cos)]);"),
    "dropdown": of("interact(lambda v: print(v), v=Dropdown(options=[None, 1, 2], value=1));"),
    "select": of("interact(lambda v: print(v), v=Select(options=['a', 'b'], value='b'));"),
    "radio": of("interact(lambda v: print(v), v=RadioButtons(options=['a', 'b']));"),
    "toggle_buttons": of("interact(lambda v: print(v), v=ToggleButtons(options=[r'$x^2$', 'x']));"),
    "selection_slider": of("interact(lambda v: print(v), v=SelectionSlider(options=['a', 'b', 'c'], value='b'));"),
    "boolean": of("interact(lambda on: print(on), on=False);"),
    "checkbox": of("interact(lambda on: print(on), on=Checkbox(True, description='On'));"),
    "toggle_button": of("interact(lambda on: print(on), on=ToggleButton(False));"),
    "int_range": of("interact(lambda r: print(r), r=IntRangeSlider(value=(1, 2), min=0, max=3));"),
    "float_range": of("interact(lambda r: print(r), r=FloatRangeSlider(value=(0, 1), min=0, max=1, step=0.5));"),
    "selection_range": of("interact(lambda r: print(r), r=SelectionRangeSlider(options=list('abc'), index=(0, 1)));"),
    "play": of("interact(lambda n: print('frame', n), n=Play(value=1, min=0, max=4, interval=50));"),
    "text": of("interact(lambda words: print(words), words='a');", examples={"words": ["a", "b"]}),
    "textarea": of("interact(lambda t: print(t), t=Textarea('x'));", examples={"t": ["y\nz"]}),
    "int_text": of("interact(lambda n: print(n), n=IntText(3));", examples={"n": [3, 30]}),
    "float_text": of("interact(lambda x: print(x), x=FloatText(0.5));", examples={"x": [0.5, 1.5]}),
    "combobox": of("interact(lambda v: print(v), v=Combobox(value='a', options=['a', 'b']));"),
    "color": of("interact(lambda c: print(c), c=ColorPicker(value='red'));", examples={"c": ["red", "blue"]}),
    "three_controls": of("interact(lambda a, b, c: print(a, b, c), a=(0, 2), b=['x', 'y'], c=True);"),
    "thinned": of("interact(lambda n: print(n), n=(0, 300));", max_frames=6, thin=True),
    # how it is laid out
    "interactive": of("w = interactive(lambda n: print('interactive', n), n=(0, 2))\ndisplay(w)"),
    "interactive_last": of("interactive(lambda n: print('last', n), n=(0, 2))"),
    "in_boxes": of(
        "w = interactive(lambda n, m: print(n, m), n=(0, 1), m=True)\n"
        "display(VBox([HBox(w.children[:-1], layout=Layout(flex_flow='row wrap')), w.children[-1]]))"
    ),
    "output": of(
        "n = IntSlider(1, 0, 2)\nout = interactive_output(lambda n: print('output', n), {'n': n})\n"
        "display(HBox([n]), out)"
    ),
    "output_in_grid": of(
        "n, m = IntSlider(1, 0, 1), Checkbox(True)\n"
        "out = interactive_output(lambda n, m: print(n, m), {'n': n, 'm': m})\n"
        "GridBox([VBox([Label('Choose'), n]), m, out])"
    ),
    "manual": of("interact_manual(lambda n: print('manual', n), n=(0, 2));"),
    "manual_named": of("@interact.options(manual=True, manual_name='Go')(n=(0, 2))\ndef go(n):\n    print(n)"),
    # what is shown
    "figure": of("@interact(a=(-2, 2, 2))\ndef figure(a):\n    line(a)", draws=True),
    "figure_shown": of("@interact(a=(0, 2))\ndef figure_shown(a):\n    line(a)\n    plt.show()", draws=True),
    "figure_returned": of(
        "@interact(a=(0, 1))\ndef figure_returned(a):\n    fig, ax = plt.subplots()\n    ax.plot([0, a])\n"
        "    plt.close(fig)\n    return fig",
        draws=True,
    ),
    "two_figures": of(
        "@interact(a=(0, 1))\ndef two_figures(a):\n    line(a)\n    plt.show()\n    line(-a)\n    plt.show()",
        draws=True,
    ),
    "figure_and_text": of(
        "@interact(a=(0, 1))\ndef figure_and_text(a):\n    print('before', a)\n    line(a)\n    plt.show()\n"
        "    print('after', a)",
        draws=True,
    ),
    "heat_map": of("@interact(n=(2, 4))\ndef heat_map(n):\n    plt.imshow(np.eye(n))", draws=True),
    "picture": of(
        "import io\nfrom PIL import Image as Picture\n@interact(n=(1, 2))\ndef picture(n):\n    file = io.BytesIO()\n"
        "    Picture.new('RGB', (20 * n, 20), 'teal').save(file, 'PNG')\n    display(Image(file.getvalue()))",
        draws=True,
    ),
    "table": of("@interact(n=(0, 2))\ndef table(n):\n    return Table(n)"),
    "html": of("@interact(n=(0, 2))\ndef html(n):\n    display(HTML(f'<b>{n}</b>'))"),
    "formula": of("@interact(n=(0, 2))\ndef formula(n):\n    return Formula(n)"),
    "latex": of("@interact(n=(0, 2))\ndef latex(n):\n    display(Latex(f'$y_{n}$'), Math(f'z_{n}'))"),
    "markdown": of("@interact(n=(0, 2))\ndef markdown(n):\n    display(Markdown(f'*number* {n}'))"),
    "mixed": of("@interact(n=(0, 1))\ndef mixed(n):\n    print('text', n)\n    display(Table(n))\n    print('end')"),
    "array": of("interact(lambda n: np.eye(n), n=(1, 3));"),
    "cleared": of("@interact(n=(0, 2))\ndef cleared(n):\n    print('lost')\n    clear_output(wait=True)\n    print(n)"),
    "progress": of(
        "@interact(n=(1, 2))\ndef progress(n):\n    for i in range(3):\n        print(f'\\r{i} of 2', end='')\n"
        "    print()\n    print(n)"
    ),
    "unicode": of("interact(lambda name: print('Grüße,', name), name=['Ada', 'Émilie', '<b>']);"),
    "many_lines": of("interact(lambda n: print('\\n'.join(map(str, range(n)))), n=(1, 30, 10));"),
    # what is left behind
    "global_state": of(
        "def counts(n):\n    state['calls'] += 1\n    print(n, state['calls'])\ninteract(counts, n=(0, 2));\n"
        "print(state['calls'])",
        pure=False,
    ),
    "random": of(
        "random.seed(0)\ninteract(lambda n: print(n, random.random()), n=(0, 2));\nprint(random.random())", pure=False
    ),
    "numpy_random": of("np.random.seed(0)\ninteract(lambda n: print(n, np.random.rand()), n=(0, 2));", pure=False),
    "seeded": of("@interact(n=(0, 2))\ndef seeded(n):\n    rng = np.random.default_rng(n)\n    print(rng.random())"),
    "mutable": of(
        "@interact(n=(0, 2), seen=fixed([]))\ndef mutable(n, seen):\n    seen.append(n)\n    print(seen)", pure=False
    ),
}


def notebook(names=tuple(KINDS)):
    """Kinds as a notebook, a cell each, after one that imports."""
    kernel = {"name": "python3", "display_name": "Python 3"}
    made = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    made.cells = [nbformat.v4.new_markdown_cell("# Kinds", id="title"), nbformat.v4.new_code_cell(SETUP, id="setup")]
    for name in names:
        kind, identifier = KINDS[name], name.replace("_", "-")
        made.cells.append(nbformat.v4.new_code_cell(kind.source, metadata=kind.metadata, id=identifier))
    return made
