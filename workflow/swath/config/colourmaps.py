"""The colour maps that a config may name, so that a wrong name is found without importing Matplotlib.

Those of Matplotlib 3.9, the oldest that is supported; each has its reverse under the name with `_r`.
"""

NAMES = """
    magma inferno plasma viridis cividis twilight twilight_shifted turbo Blues BrBG BuGn BuPu CMRmap GnBu Greens Greys
    OrRd Oranges PRGn PiYG PuBu PuBuGn PuOr PuRd Purples RdBu RdGy RdPu RdYlBu RdYlGn Reds Spectral Wistia YlGn YlGnBu
    YlOrBr YlOrRd afmhot autumn binary bone brg bwr cool coolwarm copper cubehelix flag gist_earth gist_gray gist_heat
    gist_ncar gist_rainbow gist_stern gist_yarg gnuplot gnuplot2 gray hot hsv jet nipy_spectral ocean pink prism rainbow
    seismic spring summer terrain winter Accent Dark2 Paired Pastel1 Pastel2 Set1 Set2 Set3 tab10 tab20 tab20b tab20c
"""
KNOWN = frozenset(name + end for name in NAMES.split() for end in ("", "_r"))
EXPECTED = "a colour map of Matplotlib, such as viridis, rainbow, turbo or coolwarm_r (the case of letters counts)"
