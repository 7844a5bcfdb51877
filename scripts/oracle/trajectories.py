#!/usr/bin/env python3
"""Short trajectories of Gymnasium's environments, as golden numbers for golden_test.cpp.

    trajectories.py gymnasium FOLDER   steps Gymnasium's own environments, MuJoCo and classic
    trajectories.py mujoco FOLDER      steps Gymnasium's MJCF in the `mujoco` wheel at hand, as
                                       Gymnasium would: for versions that Gymnasium no longer takes

The second form, with the wheel of the version that Reverie is built with, makes the tight comparison;
the first shows how far the versions are apart. --assets names the folder of Gymnasium's MJCF where
`gymnasium` is not installed. A line of a file: field, count, values; rows follow one another.
"""
import argparse
import pathlib

import numpy as np

# Body, Gymnasium's name, body steps per control step, steps to record, scale of the starting noise.
BODIES = [
    ("half_cheetah", "HalfCheetah-v5", 5, 40, 0.1),
    ("hopper", "Hopper-v5", 4, 60, 0.005),
]


def write(path, source, fields):
    with open(path, "w", encoding="ascii") as out:
        print(f"# {source}; made by scripts/oracle/trajectories.py", file=out)
        for name, values in fields.items():
            values = np.asarray(values, dtype=np.float64).ravel()
            print(name, values.size, *(repr(float(v)) for v in values), file=out)


def start(model, steps, scale):
    """A starting state and a row of actions, some of them out of range."""
    random = np.random.default_rng(2022)
    position = model.qpos0 + random.uniform(-scale, scale, model.nq)
    velocity = scale * random.standard_normal(model.nv)
    # Slowly changing torques make larger motions than white noise does.
    turns = random.uniform(0, 2 * np.pi, (model.nu, 1)) + np.arange(steps) * random.uniform(
        0.1, 0.5, (model.nu, 1)
    )
    return position, velocity, 1.2 * np.sin(turns).T


def record_mujoco(assets, folder):
    import mujoco

    for body, _, frame_skip, steps, scale in BODIES:
        model = mujoco.MjModel.from_xml_path(str(assets / f"{body}.xml"))
        data = mujoco.MjData(model)
        position, velocity, actions = start(model, steps, scale)
        data.qpos[:], data.qvel[:] = position, velocity
        mujoco.mj_forward(model, data)
        positions, velocities = [], []
        for action in actions:
            data.ctrl[:] = action
            for _ in range(frame_skip):
                mujoco.mj_step(model, data)
            positions.append(data.qpos.copy())
            velocities.append(data.qvel.copy())
        write(
            folder / f"{body}_mujoco.txt",
            f"Gymnasium's {body}.xml in MuJoCo {mujoco.__version__}",
            dict(position=position, velocity=velocity, actions=actions, positions=positions,
                 velocities=velocities),
        )


def record_gymnasium(folder):
    import gymnasium
    import mujoco

    versions = f"Gymnasium {gymnasium.__version__}, MuJoCo {mujoco.__version__}"
    for body, name, _, steps, scale in BODIES:
        env = gymnasium.make(name).unwrapped
        env.reset(seed=0)
        position, velocity, actions = start(env.model, steps, scale)
        mujoco.mj_resetData(env.model, env.data)
        env.set_state(position, velocity)
        results = [env.step(action)[:3] for action in actions]
        observations, rewards, terminated = zip(*results)
        write(
            folder / f"{body}_gymnasium.txt",
            f"{name} of {versions}",
            dict(position=position, velocity=velocity, actions=actions, observations=observations,
                 rewards=rewards, terminated=terminated),
        )

    random = np.random.default_rng(2022)
    env = gymnasium.make("Pendulum-v1").unwrapped
    env.reset(seed=0)
    env.state = np.array([2.5, -0.7])
    fields = dict(state=env.state, actions=random.uniform(-3, 3, 200), states=[], rewards=[])
    for action in fields["actions"]:
        fields["rewards"].append(env.step(np.array([action]))[1])
        fields["states"].append(env.state)
    write(folder / "pendulum_gymnasium.txt", f"Pendulum-v1 of {versions}", fields)

    # Gymnasium's cart-pole is pushed with full force left or right; so is ours here.
    env = gymnasium.make("CartPole-v1").unwrapped
    env.reset(seed=0)
    env.state = np.array([0.03, -0.02, 0.04, 0.01])
    fields = dict(state=env.state, actions=random.choice([-1.0, 1.0], 30), states=[], terminated=[])
    for action in fields["actions"]:
        fields["terminated"].append(env.step(int(action > 0))[2])
        fields["states"].append(env.state)
    write(folder / "cartpole_gymnasium.txt", f"CartPole-v1 of {versions}", fields)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine", choices=["gymnasium", "mujoco"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--assets", type=pathlib.Path, help="folder of Gymnasium's MJCF files")
    arguments = parser.parse_args()
    if arguments.engine == "gymnasium":
        record_gymnasium(arguments.folder)
        return
    if arguments.assets is None:
        import gymnasium.envs.mujoco

        arguments.assets = pathlib.Path(gymnasium.envs.mujoco.__file__).parent / "assets"
    record_mujoco(arguments.assets, arguments.folder)


if __name__ == "__main__":
    main()
