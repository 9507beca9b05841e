#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the error rates that the slow tests measured: plot_curves.py CSV SVG"""

import csv
import math
import sys
from xml.sax.saxutils import escape

COLOURS = ["#1b6ca8", "#c8553d", "#3a7d44", "#7b4b94", "#b8860b", "#2a9d8f"]
WIDTH, PANEL_HEIGHT = 760, 430
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 50


def read(path):
    """{panel: {series: [(level_db, rate, theory)]}}, in the file's order: a panel for the symbol
    errors of all modulations, then one for each modulation's lost frames."""
    panels = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            symbols = row["code"] == "symbols"
            panel = "symbols" if symbols else row["modulation"].upper()
            series = row["modulation"].upper() if symbols else row["code"].upper()
            level = float(row["es_n0_db"] if symbols else row["eb_n0_db"])
            panels.setdefault(panel, {}).setdefault(series, []).append(
                (level, float(row["rate"]), float(row["theory"])))
    return panels


def draw(out, title, axis, series, offset):
    levels = [point[0] for points in series.values() for point in points]
    rates = [value for points in series.values() for point in points for value in point[1:]
             if value > 0]
    low, high = math.floor(min(levels)), math.ceil(max(levels))
    floor = max(-7, math.floor(math.log10(min(rates))))
    plot_width, plot_height = WIDTH - LEFT - RIGHT, PANEL_HEIGHT - TOP - BOTTOM

    def x(level):
        return LEFT + (level - low) / max(high - low, 1) * plot_width

    def y(rate):
        return offset + TOP + max(math.log10(max(rate, 1e-30)), floor) / floor * plot_height

    out.append(f'<text x="{LEFT}" y="{offset + 24}" font-weight="bold">{escape(title)}</text>')
    for level in range(low, high + 1):
        out.append(f'<line x1="{x(level):.1f}" y1="{offset + TOP}" x2="{x(level):.1f}" '
                   f'y2="{offset + TOP + plot_height}" stroke="#ddd"/>')
        out.append(f'<text x="{x(level):.1f}" y="{offset + TOP + plot_height + 18}" '
                   f'text-anchor="middle">{level}</text>')
    for power in range(floor, 1):
        place = y(10.0 ** power)
        out.append(f'<line x1="{LEFT}" y1="{place:.1f}" x2="{LEFT + plot_width}" y2="{place:.1f}" '
                   'stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{place + 4:.1f}" text-anchor="end">'
                   f'10<tspan dy="-4" font-size="9">{power}</tspan></text>')
    out.append(f'<text x="{LEFT + plot_width / 2}" y="{offset + PANEL_HEIGHT - 12}" '
               f'text-anchor="middle">{escape(axis)}</text>')
    for index, (name, points) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        points = sorted(points)
        line = " ".join(f"{x(p[0]):.1f},{y(p[2]):.1f}" for p in points if p[2] >= 10.0 ** floor)
        dash = "" if index < len(COLOURS) else ' stroke-dasharray="5 3"'
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}"{dash}/>')
        radius = max(5.2 - index, 3.2)  # of equal curves, the dots below show, too
        for level, rate, _ in points:
            if rate >= 10.0 ** floor:
                out.append(f'<circle cx="{x(level):.1f}" cy="{y(rate):.1f}" r="{radius}" '
                           f'fill="{colour}"/>')
        place = offset + TOP + 14 + 18 * index
        out.append(f'<circle cx="{WIDTH - RIGHT + 20}" cy="{place - 4}" r="3.2" fill="{colour}"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 30}" y="{place}">{escape(name)}</text>')


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: plot_curves.py CSV SVG")
    panels = read(sys.argv[1])
    if not panels:
        sys.exit(f"{sys.argv[1]}: no measurements")
    def title(panel):
        if panel == "symbols":
            return "Symbol errors: measured (dots) and theory (lines)", "E_s/N_0, dB"
        return (f"{panel}, lost frames: measured (dots) and ideal code (lines)",
                "E_b/N_0 per information bit, dB")

    out = []
    for index, (panel, series) in enumerate(panels.items()):
        draw(out, *title(panel), series, index * PANEL_HEIGHT)
    height = PANEL_HEIGHT * len(panels)
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
                   f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12">\n'
                   f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n'
                   + "\n".join(out) + "\n</svg>\n")


if __name__ == "__main__":
    main()
