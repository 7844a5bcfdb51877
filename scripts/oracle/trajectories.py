#!/usr/bin/env python3
"""Trajectories of Gymnasium's environments, as golden numbers for golden_test.cpp.

    trajectories.py FOLDER [--steps N] [--classic]

Steps Gymnasium's ten MuJoCo tasks, versions 4 and 5, in the `mujoco` wheel at hand, from a drawn
state under slowly turning actions, some of them out of range, until the episode ends or N steps are
taken. --classic adds its classic control tasks. Needs `gymnasium`, `mujoco` and `imageio`.

The files in the repository are of Gymnasium 1.4.0 in mujoco 2.2.2, the version of Debian's package,
with --steps 60 (`pip install --no-deps gymnasium` puts it beside so old a wheel). `align.sh` makes
whole episodes for a current one. Those in golden/mujoco_4 are the same in the wheel of
scripts/mujoco.txt, of the tasks that move otherwise there. A line of a file: field, count, values; rows follow one another;
actions are in 64ths of the actuators' range.
"""
import argparse
import pathlib
import warnings

import gymnasium
import mujoco
import numpy as np

VERSIONS = f"Gymnasium {gymnasium.__version__}, MuJoCo {mujoco.__version__}"
# Our name, Gymnasium's, how far the actions swing. An ant that is driven less stays on its feet.
TASKS = [
    ("half-cheetah", "HalfCheetah", 1.2),
    ("hopper", "Hopper", 1.2),
    ("walker2d", "Walker2d", 1.2),
    ("ant", "Ant", 0.4),
    ("humanoid", "Humanoid", 1.2),
    ("swimmer", "Swimmer", 1.2),
    ("reacher", "Reacher", 0.3),
    ("pusher", "Pusher", 0.5),
    ("inverted-pendulum", "InvertedPendulum", 0.1),
    ("inverted-double-pendulum", "InvertedDoublePendulum", 0.1),
]


def write(path, source, fields):
    with open(path, "w", encoding="ascii") as out:
        print(f"# {source}; made by scripts/oracle/trajectories.py", file=out)
        for name, values in fields.items():
            values = np.asarray(values, dtype=np.float64).ravel()
            exact = name in ("position", "velocity", "state")
            text = (repr(float(v)) if exact else f"{float(v):.12g}" for v in values)
            print(name, values.size, *text, file=out)


def record(folder, ours, theirs, version, swing, most):
    env = gymnasium.make(f"{theirs}-v{version}").unwrapped
    env.reset(seed=2022)
    position, velocity = env.data.qpos.copy(), env.data.qvel.copy()
    mujoco.mj_resetData(env.model, env.data)
    env.set_state(position, velocity)

    random = np.random.default_rng(2022)
    model, high = env.model, env.model.actuator_ctrlrange[:, 1]
    phase, pace = random.uniform(0, 2 * np.pi, model.nu), random.uniform(0.1, 0.5, model.nu)
    every = 8 if env.observation_space.shape[0] > 30 else 1  # long ones now and then: small files
    actions, observations, rewards, ends = [], [], [], []
    for t in range(most):
        action = np.round(64 * swing * np.sin(phase + t * pace))
        observation, reward, terminated, _, _ = env.step(action / 64 * high)
        actions.append(action)
        if t % every == 0:
            observations.append(observation)
        rewards.append(reward)
        ends.append(terminated)
        if terminated:
            break
    write(
        folder / f"gym_{ours.replace('-', '_')}_v{version}.txt",
        f"{theirs}-v{version} of {VERSIONS}",
        dict(mujoco=mujoco.mj_version(), position=position, velocity=velocity, actions=actions,
             every=every, observations=observations, rewards=rewards, terminated=ends),
    )


def record_classic(folder):
    random = np.random.default_rng(2022)
    env = gymnasium.make("Pendulum-v1").unwrapped
    env.reset(seed=0)
    env.state = np.array([2.5, -0.7])
    fields = dict(state=env.state, actions=random.uniform(-3, 3, 200), states=[], rewards=[])
    for action in fields["actions"]:
        fields["rewards"].append(env.step(np.array([action]))[1])
        fields["states"].append(env.state)
    write(folder / "pendulum_gymnasium.txt", f"Pendulum-v1 of {VERSIONS}", fields)

    # Gymnasium's cart-pole is pushed with full force left or right; so is ours here.
    env = gymnasium.make("CartPole-v1").unwrapped
    env.reset(seed=0)
    env.state = np.array([0.03, -0.02, 0.04, 0.01])
    fields = dict(state=env.state, actions=random.choice([-1.0, 1.0], 30), states=[], terminated=[])
    for action in fields["actions"]:
        fields["terminated"].append(env.step(int(action > 0))[2])
        fields["states"].append(env.state)
    write(folder / "cartpole_gymnasium.txt", f"CartPole-v1 of {VERSIONS}", fields)

    def pump(state):
        """A torque along the second joint's own speed, mostly."""
        torque = np.sign(state[3]) if random.uniform() < 0.9 else 0.0
        return torque, int(torque) + 1

    record_episode(folder, "acrobot", "Acrobot-v1", [0.05, -0.04, 0.03, 0.02], pump, 100)

    def swing(state):
        action = np.sign(state[1]) * random.uniform(0.7, 1.2)
        return action, np.array([action])

    record_episode(folder, "mountain_car", "MountainCarContinuous-v0", [-0.55, 0.01], swing, 200)


def record_episode(folder, ours, theirs, state, choose, most):
    """Follows a task that shows its state; `choose(state)`: our action, and theirs."""
    env = gymnasium.make(theirs).unwrapped
    env.reset(seed=0)
    env.state = np.array(state)
    fields = dict(state=env.state, actions=[], states=[], rewards=[], terminated=[])
    for _ in range(most):
        action, their_action = choose(env.state)
        _, reward, terminated, _, _ = env.step(their_action)
        fields["actions"].append(action)
        fields["states"].append(env.state)
        fields["rewards"].append(reward)
        fields["terminated"].append(terminated)
        if terminated:
            break
    write(folder / f"{ours}_gymnasium.txt", f"{theirs} of {VERSIONS}", fields)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--classic", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # version 4 is out of date, it says
    for ours, theirs, swing in TASKS:
        horizon = gymnasium.spec(f"{theirs}-v5").max_episode_steps
        for version in (4, 5):
            if (theirs, version) == ("Pusher", 4) and mujoco.mj_version() >= 300:
                continue  # Gymnasium refuses it: MuJoCo 3 handles its light object otherwise
            record(arguments.folder, ours, theirs, version, swing, min(arguments.steps, horizon))
    if arguments.classic:
        record_classic(arguments.folder)


if __name__ == "__main__":
    main()
