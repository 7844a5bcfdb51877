#!/usr/bin/env python3
"""Writes docs/tasks.md, the page of all tasks, and a picture of each in docs/tasks/.

    scripts/tasks_page.py            every task, by ./reverie
    scripts/tasks_page.py mbbl/ gym/ant     only their pictures anew; the page is always whole

Pictures that come out equal are kept once: tasks of one body often look the same. Needs Pillow
(python3-pil).
"""

import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from PIL import Image

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
    "me-trpo": "The tasks of ME-TRPO; all but the humanoids observe where the centre of mass is and "
               "goes.",
    "mbbl": "Those of \"Benchmarking Model-Based Reinforcement Learning\".",
    "gym": "Gymnasium's, version 5 (`--set env.version=4` for the older), and MBPO's with truncated "
           "observations.",
    "pets": "The tasks of PETS.",
    "classic": "Small systems with equations of their own; the pictures are ours.",
}


def run(*words):
    return subprocess.run([REVERIE, *words], check=True, stdout=subprocess.PIPE).stdout


def draw(task):
    name = task["name"].split("/")[1]
    steps = next((count for part, count in STEPS.items() if part in name), 0)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "picture.png"
        run("watch", task["name"], "--picture", str(file), "--size", str(SIZE), "--at", str(steps))
        small = io.BytesIO()  # in few colours: a third of the bytes
        Image.open(file).quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            small, "PNG", optimize=True)
        return small.getvalue()


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
    data = {}
    for task in tasks:
        kept = PICTURES / known.get(task["name"], file_name(task))
        fresh = not wanted or any(task["name"].startswith(name) for name in wanted)
        data[task["name"]] = draw(task) if fresh or not kept.exists() else kept.read_bytes()
        print(f"{task['name']}: {len(data[task['name']])} bytes", file=sys.stderr)
    picture, by_content = {}, {}
    for task in tasks:
        content = data[task["name"]]
        if content not in by_content:
            by_content[content] = file_name(task)
            (PICTURES / file_name(task)).write_bytes(content)
        picture[task["name"]] = by_content[content]
    for file in PICTURES.glob("*.png"):
        if file.name not in by_content.values():
            file.unlink()
    page_file.write_text(page(tasks, picture))


if __name__ == "__main__":
    main()
