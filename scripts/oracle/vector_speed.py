"""Steps per second of Gymnasium's vector environments beside Reverie's pool, in one run.

    python -m venv venv && venv/bin/pip install gymnasium[mujoco]
    venv/bin/python scripts/oracle/vector_speed.py

Prints a Markdown table. Each side is measured `ROUNDS` times in turn; medians. Reverie steps with
the MuJoCo that it was built with, Gymnasium with its wheel's.
"""

import json
import pathlib
import statistics
import subprocess
import time

import gymnasium
import mujoco
import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKS = {"gym/half-cheetah": "HalfCheetah-v5", "gym/hopper": "Hopper-v5", "gym/ant": "Ant-v5",
         "gym/humanoid": "Humanoid-v5"}
ENVIRONMENTS = 16
SECONDS = 2
ROUNDS = 1


def gymnasium_speed(name, mode):
    """Environment steps per second of a vector environment under uniform random actions."""
    vector = gymnasium.make_vec(name, num_envs=ENVIRONMENTS, vectorization_mode=mode)
    vector.reset(seed=1)
    actions = numpy.array([vector.action_space.sample() for _ in range(64)])
    for action in actions[:5]:
        vector.step(action)
    steps, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < SECONDS:
        vector.step(actions[steps % 64])
        steps += 1
    speed = steps * ENVIRONMENTS / (time.perf_counter() - begin)
    vector.close()
    return speed


def reverie_speeds():
    """By task: what `reverie bench environments` finds."""
    found = subprocess.run([ROOT / "reverie", "bench", "environments", "--json"], check=True,
                           capture_output=True, text=True)
    # Of each task the last row: the one with the most environments.
    return {row["task"]: row for row in json.loads(found.stdout)}


def main():
    ours = [reverie_speeds()]
    theirs = {task: {"sync": [], "async": []} for task in TASKS}
    for _ in range(ROUNDS):
        for task, name in TASKS.items():
            for mode in ("sync", "async"):
                theirs[task][mode].append(gymnasium_speed(name, mode))
        ours.append(reverie_speeds())
    print(f"Gymnasium {gymnasium.__version__} with MuJoCo {mujoco.__version__}, "
          f"{ENVIRONMENTS} environments; Reverie: those of the benchmark's largest row\n")
    print("| task | Gymnasium sync (one core) | async (a process each) | Reverie, one core "
          "| all cores | times theirs |")
    print("|---|---|---|---|---|---|")
    for task in TASKS:
        sync, parallel = (statistics.median(theirs[task][mode]) for mode in ("sync", "async"))
        one, every = (statistics.median(run[task][key] for run in ours)
                      for key in ("pool_on_one", "pool_on_all"))
        print(f"| `{task}` | {sync:,.0f} | {parallel:,.0f} | {one:,.0f} | {every:,.0f} "
              f"| {every / max(sync, parallel):.1f} |")


if __name__ == "__main__":
    main()
