#!/usr/bin/env python3
"""Copies the small results of runs into docs/results and draws their learning curves as SVG.

    scripts/plot_runs.py docs/results/NAME RUN... [--published STEPS:RETURN,... --label TEXT]

writes docs/results/NAME/<run>.csv (env_steps and the figures of each iteration),
docs/results/NAME/<run>.json (its summary) and docs/results/NAME.svg. Standard library only.
"""
import argparse
import csv
import json
import pathlib
import shutil
import sqlite3
from itertools import cycle
from statistics import mean

FIGURES = ["return/real", "return/real_std", "return/imagined", "eval/return",
           "episode/length", "imagination/episode_length",
           "model/holdout_loss", "model/new_data_error", "policy/kl", "policy/std",
           "policy/gradient_norm",
           "critic/loss", "critic/q",
           "time/collect", "time/act", "time/fit", "time/improve", "time/imagine"]
COLOURS = ["#1b6ca8", "#c8553d", "#2a9d5c", "#8a5a9e", "#b8860b"]


def read_run(folder):
    store = sqlite3.connect(folder / "run.sqlite")
    rows = {}
    for steps, name, value in store.execute("SELECT env_steps, name, value FROM metrics"):
        rows.setdefault(steps, {})[name] = value
    return dict(sorted(rows.items()))


def polyline(points, colour, width, dash=""):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = f' stroke-dasharray="{dash}"' if dash else ""
    return (f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}'
            ' stroke-linejoin="round"/>')


def ticks(low, high, count=6):
    span = high - low
    step = next(s for p in range(-3, 9) for s in (10**p, 2 * 10**p, 5 * 10**p) if span / s <= count)
    first = int(-(-low // step))
    return [i * step for i in range(first, int(high // step) + 1)]


def over_last(steps, curve):
    """Each value with those of the `steps` real steps before it, as a mean: as many episodes for
    runs of short iterations as for runs of long ones."""
    return [(s, mean([v for t, v in curve if s - steps < t <= s])) for s, _ in curve]


def draw(runs, published, label, title):
    width, height, left, right, top, bottom = 720, 420, 64, 16, 52, 48
    curves = {name: over_last(4000, [(s, r["return/real"]) for s, r in rows.items()
                                     if "return/real" in r])
              for name, rows in runs.items()}
    evaluations = {name: [(s, r["eval/return"]) for s, r in rows.items() if "eval/return" in r]
                   for name, rows in runs.items()}
    everything = [p for c in [*curves.values(), *evaluations.values(), published] for p in c]
    most = max(s for c in curves.values() for s, _ in c)
    low, high = min(v for _, v in everything), max(v for _, v in everything)
    x = lambda s: left + (width - left - right) * s / most
    y = lambda v: height - bottom - (height - top - bottom) * (v - low) / (high - low)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>',
           f'<text x="{left}" y="22" font-size="15" font-weight="bold">{title}</text>']
    for v in ticks(low, high):
        out.append(f'<line x1="{left}" x2="{width - right}" y1="{y(v):.1f}" y2="{y(v):.1f}" '
                   'stroke="#e4e4e4"/>'
                   f'<text x="{left - 8}" y="{y(v) + 4:.1f}" text-anchor="end">{v:g}</text>')
    for s in ticks(0, most):
        out.append(f'<text x="{x(s):.1f}" y="{height - bottom + 18}" text-anchor="middle">'
                   f'{s / 1000:g}k</text>')
    out.append(f'<text x="{(left + width) / 2}" y="{height - 10}" text-anchor="middle">'
               'real environment steps</text>')
    for (name, curve), colour in zip(curves.items(), cycle(COLOURS)):
        out.append(polyline([(x(s), y(v)) for s, v in curve], colour, 2))
        out += [f'<circle cx="{x(s):.1f}" cy="{y(v):.1f}" r="3" fill="{colour}"/>'
                for s, v in evaluations[name]]
    if published:
        out.append(polyline([(x(s), y(v)) for s, v in published if s <= most], "#555", 2, "6 4"))
    legend = [(name, colour, "") for name, colour in zip(curves, cycle(COLOURS))]
    if published:
        legend.append((label, "#555", "6 4"))
    for i, (name, colour, dash) in enumerate(legend):
        at = height - bottom - 16 - 18 * (len(legend) - 1 - i)
        out.append(polyline([(width - 250, at - 4), (width - 222, at - 4)], colour, 2, dash))
        out.append(f'<text x="{width - 216}" y="{at}">{name}</text>')
    out.append(f'<text x="{width - right}" y="36" text-anchor="end" fill="#555">'
               'lines: adapted policies, stochastic, last 4,000 steps; dots: meta-policy, deterministic'
               '</text>')
    return "\n".join(out + ["</svg>\n"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("runs", nargs="+", type=pathlib.Path)
    parser.add_argument("--published", default="")
    parser.add_argument("--label", default="published")
    parser.add_argument("--title", default="")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    runs = {}
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in arguments.runs]
    seeds = [summary["seed"] for summary in summaries]
    for folder, seed in zip(arguments.runs, seeds):
        rows = read_run(folder)
        # Seeds tell runs of one kind apart, folders those of several.
        runs[f"seed {seed}" if len(set(seeds)) == len(seeds) else folder.name] = rows
        with open(arguments.output / f"{folder.name}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["env_steps", *FIGURES])
            for steps, row in rows.items():
                writer.writerow([steps, *(f"{row[n]:.6g}" if n in row else "" for n in FIGURES)])
        shutil.copy(folder / "summary.json", arguments.output / f"{folder.name}.json")
    published = [tuple(map(float, p.split(":"))) for p in arguments.published.split(",") if p]
    title = arguments.title or arguments.output.name
    arguments.output.with_suffix(".svg").write_text(draw(runs, published, arguments.label, title))


if __name__ == "__main__":
    main()
