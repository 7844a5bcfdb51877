#!/usr/bin/env python3
"""Writes docs/tasks.md, the page of all tasks, and a picture of each in docs/tasks/.

    scripts/tasks_page.py            every task, by ./reverie
    scripts/tasks_page.py mbbl/ gym/ant     only their pictures anew; the page is always whole

Pictures that come out equal are kept once: tasks of one body often look the same.
"""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "tasks"
REVERIE = os.environ.get("REVERIE", str(ROOT / "reverie"))
SIZE = 240
COLOURS = 64

# The state after a reset says enough, but for these, which it shows stretched, standing stiff or
# hanging still. By what the task's name holds; the first that fits.
STEPS = {"snake": 60, "swimmer": 40, "half-cheetah": 4, "hopper": 8, "walker": 12, "ant": 8,
         "acrobot": 40, "point-mass": 12, "lqr": 15, "reacher": 20, "pusher": 15}

SUITES = {
    "rllib": "Half-cheetah and hopper as Ray RLlib's MB-MPO has them.",
    "rllab": "The tasks of MB-MPO, with rllab's rewards; 200 steps.",
    "me-trpo": "The tasks of ME-TRPO; all but the humanoids observe where the centre of mass is and goes.",
    "mbbl": "Those of \"Benchmarking Model-Based Reinforcement Learning\".",
    "gym": "Gymnasium's, version 5 (`--set env.version=4` for the older), and MBPO's with truncated "
           "observations.",
    "pets": "The tasks of PETS.",
    "classic": "Small systems with equations of their own; the pictures are ours.",
}


def run(*words):
    return subprocess.run([REVERIE, *words], check=True, stdout=subprocess.PIPE).stdout


def unfiltered(data, width):
    """The rows of an 8-bit RGB PNG, its filters undone."""
    stride = 3 * width
    rows, last = [], bytearray(stride)
    for start in range(0, len(data), stride + 1):
        kind, row = data[start], bytearray(data[start + 1:start + 1 + stride])
        for i in range(stride):
            left, up = (row[i - 3] if i >= 3 else 0), last[i]
            corner = last[i - 3] if i >= 3 else 0
            if kind == 1:
                guess = left
            elif kind == 2:
                guess = up
            elif kind == 3:
                guess = (left + up) // 2
            elif kind == 4:
                estimate = left + up - corner
                guess = min((left, up, corner), key=lambda value: abs(estimate - value))
            else:
                guess = 0
            row[i] = (row[i] + guess) & 255
        rows.append(row)
        last = row
    return rows


def chunks(png):
    at = 8
    while at < len(png):
        length = int.from_bytes(png[at:at + 4], "big")
        yield png[at + 4:at + 8], png[at + 8:at + 8 + length]
        at += 12 + length


def palette_of(counts):
    """At most COLOURS colours that stand for all: the box that spreads most is cut, again and again."""
    def measured(box):
        widths = [max(c[k] for c in box) - min(c[k] for c in box) for k in range(3)]
        axis = widths.index(max(widths))
        return widths[axis] * sum(counts[c] for c in box) ** 0.5, axis, box

    boxes = [measured(list(counts))]
    while len(boxes) < COLOURS:
        worst = max(boxes, key=lambda box: box[0])
        _, axis, colours = worst
        if len(colours) == 1:
            break
        boxes.remove(worst)
        colours = sorted(colours, key=lambda colour: colour[axis])
        half, seen, cut = sum(counts[c] for c in colours) / 2, 0, 0
        while cut < len(colours) - 1 and (cut == 0 or seen < half):
            seen += counts[colours[cut]]
            cut += 1
        boxes += [measured(colours[:cut]), measured(colours[cut:])]
    means, index = [], {}
    for number, (_, _, box) in enumerate(boxes):
        total = sum(counts[c] for c in box)
        means.append(tuple(round(sum(c[k] * counts[c] for c in box) / total) for k in range(3)))
        index.update({colour: number for colour in box})
    return means, index


def small(png):
    """The same picture in few colours: a third of the bytes."""
    parts = list(chunks(png))
    width = int.from_bytes(parts[0][1][:4], "big")
    rows = unfiltered(zlib.decompress(b"".join(data for kind, data in parts if kind == b"IDAT")), width)
    pixels = [[tuple(row[i:i + 3]) for i in range(0, len(row), 3)] for row in rows]
    counts = {}
    for row in pixels:
        for colour in row:
            counts[colour] = counts.get(colour, 0) + 1
    means, index = palette_of(counts)
    body = b"".join(b"\0" + bytes(index[colour] for colour in row) for row in pixels)

    def chunk(kind, data):
        return (len(data).to_bytes(4, "big") + kind + data
                + zlib.crc32(kind + data).to_bytes(4, "big"))

    header = parts[0][1][:8] + bytes([8, 3, 0, 0, 0])
    return (png[:8] + chunk(b"IHDR", header)
            + chunk(b"PLTE", bytes(value for colour in means for value in colour))
            + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b""))


def draw(task):
    name = task["name"].split("/")[1]
    steps = next((count for part, count in STEPS.items() if part in name), 0)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "picture.png"
        run("watch", task["name"], "--picture", str(file), "--size", str(SIZE), "--at", str(steps))
        return small(file.read_bytes())


def file_name(task):
    return task["name"].replace("/", "-") + ".png"


def readable(text):
    """Not markup: `*`, `|` and `<` mean something to Markdown."""
    return re.sub(r"([|*_<>])", r"\\\1", text)


def page(tasks, picture):
    lines = ["# Tasks", "",
             f"All {len(tasks)} tasks, suite by suite; `reverie list tasks` prints the same. "
             "`reverie watch TASK --video out.mp4` shows one moving, and `--policy` a run on it. "
             "Robots of your own: [robots.md](robots.md).", "",
             "This page is written by `scripts/tasks_page.py`: change it there, or in the tasks' own "
             "descriptions."]
    suite = None
    for task in tasks:
        mine, name = task["name"].split("/")
        if mine != suite:
            suite = mine
            lines += ["", f"## {suite}", ""]
            if suite in SUITES:
                lines += [SUITES[suite], ""]
            lines += ["| | task | observation, action, horizon | reward and end of an episode | source |",
                      "|---|---|---|---|---|"]
        numbers = f"{task['observation_size']}, {task['action_size']}, {task['horizon']}"
        lines.append(f"| <img src=\"tasks/{picture[task['name']]}\" width=\"160\" alt=\"{name}\"> "
                     f"| `{task['name']}` | {numbers} | {readable(task['description'])} "
                     f"| {readable(task['source'])} |")
    return "\n".join(lines) + "\n"


def main():
    tasks = json.loads(run("list", "tasks", "--json"))
    wanted = sys.argv[1:]
    PICTURES.mkdir(parents=True, exist_ok=True)
    page_file = ROOT / "docs" / "tasks.md"
    known = {task: file for file, task in re.findall(
        r'src="tasks/([^"]*)".*?\| `([^`]*)`', page_file.read_text())} if page_file.exists() else {}
    picture, by_content = {}, {}
    for task in tasks:
        kept = PICTURES / known.get(task["name"], file_name(task))
        fresh = not wanted or any(task["name"].startswith(name) for name in wanted)
        data = draw(task) if fresh or not kept.exists() else kept.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest not in by_content:
            by_content[digest] = file_name(task)
            (PICTURES / file_name(task)).write_bytes(data)
        picture[task["name"]] = by_content[digest]
        print(f"{task['name']}: {picture[task['name']]}, {len(data)} bytes", file=sys.stderr)
    for file in PICTURES.glob("*.png"):
        if file.name not in by_content.values():
            file.unlink()
    page_file.write_text(page(tasks, picture))


if __name__ == "__main__":
    main()
