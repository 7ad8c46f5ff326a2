"""How figures are compressed, in frames and elsewhere."""

import io

from PIL.Image import Image


def _levels(bits: int) -> list[int]:
    """A table that rounds 0 to 255 to the nearest of ``2**bits`` evenly spaced levels."""
    top = 2**bits - 1
    return [round(round(value / 255 * top) * 255 / top) for value in range(256)]


# Measured on plots at twice the screen's resolution: rounding colors by at most 2 of 255 and the coverage of the pixels
# along an edge by at most 8 takes 40 % off a lossless WebP and cannot be seen; lossy WebP is larger and blurs text,
# PNG is twice as large, and SVG grows with the data (a heat map to 2 MB).
ROUNDING = _levels(6) * 3 + _levels(4)


def compress(picture: Image) -> bytes:
    """Encode a Pillow image as WebP, lossless but for `ROUNDING`."""
    out = io.BytesIO()
    picture.convert("RGBA").point(ROUNDING).save(out, "WEBP", lossless=True, quality=60, method=4, exact=False)
    return out.getvalue()
