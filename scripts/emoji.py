"""Makes src/export/fonts/Twemoji.ttf from twemoji.woff2 of the npm package twemoji-colr-font: the emoji of one character, which is
what a cell of a screen can hold. Wants fonttools and brotli.

usage: emoji.py twemoji.woff2 Twemoji.ttf && zstd --ultra -22 Twemoji.ttf -o src/export/fonts/Twemoji.ttf.zst"""

import sys

from fontTools import subset
from fontTools.ttLib import TTFont

# As is_pictograph in src/export/emoji.rs.
RANGES = [(0x231A, 0x23FF), (0x25FD, 0x27BF), (0x2B1B, 0x2B55), (0x1F000, 0x1FAFF)]

font = TTFont(sys.argv[1])
font.flavor = None
wanted = [code for code in font.getBestCmap() if any(low <= code <= high for low, high in RANGES)]
options = subset.Options()
options.layout_features = []
options.drop_tables += ["GSUB", "GPOS", "GDEF", "DSIG", "FFTM"]
options.hinting = False
options.glyph_names = False
options.name_IDs = [0, 1, 2, 13, 14]
subsetter = subset.Subsetter(options)
subsetter.populate(unicodes=wanted)
subsetter.subset(font)
font.save(sys.argv[2])
print(f"{len(wanted)} emoji")
