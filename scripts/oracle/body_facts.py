#!/usr/bin/env python3
"""Facts of the MuJoCo bodies as others define them, as golden numbers for mujoco_body_test.cpp.

    body_facts.py                     compares our bodies with Gymnasium's, field by field
    body_facts.py --sources FOLDER    and those of rllab, ME-TRPO, PETS and mbbl with their files
    body_facts.py --write FOLDER      also writes FOLDER/<body>_facts.txt, which the tests read

Needs the `mujoco` wheel of any version from 2.2.2 to 4.x; run it with several. Gymnasium's MJCF is
found in the installed `gymnasium`, or in the folder that --assets names; that of the others in
checkouts of their repositories on GitHub, below --sources as OWNER/REPOSITORY (OTHERS names the
files). The golden files in the repository were written with mujoco 2.2.2.
"""
import argparse
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

import mujoco
import numpy as np

OURS = pathlib.Path(__file__).resolve().parents[2] / "src/reverie/envs/suites/bodies"
# Named as Gymnasium's files are.
GYMNASIUMS = """
half_cheetah hopper walker2d walker2d_v5 ant humanoid swimmer reacher pusher pusher_v5
inverted_pendulum inverted_double_pendulum
""".split()
# rllab's are as of commit 450f0f7, ME-TRPO's 13ba674, PETS's e1a62f2, mbbl's b43cd01.
RLLAB = "rll/rllab/vendor/mujoco_models/"
ME_TRPO = "thanard/me-trpo/vendor/mujoco_models/"
PETS = "kchua/handful-of-trials/dmbrl/env/assets/"
MBBL = "WilsonWangTHU/mbbl/mbbl/env/gym_env/fix_swimmer/assets/"
OTHERS = {
    "rllab_swimmer": RLLAB + "swimmer.xml",
    "rllab_snake": ME_TRPO + "snake.xml",
    "rllab_ant": RLLAB + "ant.xml",
    "rllab_hopper": RLLAB + "hopper.xml",
    "rllab_humanoid": ME_TRPO + "humanoid.xml",
    "rllab_simple_humanoid": ME_TRPO + "simple_humanoid.xml",
    "pets_cartpole": PETS + "cartpole.xml",
    "pets_pusher": PETS + "pusher.xml",
    "pets_reacher3d": PETS + "reacher3d.xml",
    "mbbl_fixed_swimmer": MBBL + "fixed_swimmer.xml",
}

# What makes a body behave as it does; looks are left out. Some names or shapes differ between
# versions of MuJoCo: --write insists on all of them, a comparison takes those there are.
MODEL_FIELDS = """
nq nv nu nbody njnt ngeom nsite na neq npair nexclude ntendon nwrap nsensor
qpos0 qpos_spring
body_parentid body_pos body_quat body_ipos body_iquat body_mass body_inertia body_subtreemass
body_invweight0
jnt_type jnt_qposadr jnt_dofadr jnt_bodyid jnt_pos jnt_axis jnt_stiffness jnt_range jnt_limited
jnt_margin jnt_solref jnt_solimp
dof_armature dof_damping dof_frictionloss dof_invweight0 dof_M0
geom_type geom_contype geom_conaffinity geom_condim geom_bodyid geom_priority geom_size geom_pos
geom_quat geom_friction geom_margin geom_gap geom_solmix geom_solref geom_solimp
site_bodyid site_pos site_quat
tendon_adr tendon_num tendon_limited tendon_range tendon_stiffness tendon_damping
tendon_frictionloss tendon_length0 tendon_invweight0
wrap_type wrap_objid wrap_prm
actuator_trntype actuator_dyntype actuator_gaintype actuator_biastype actuator_trnid actuator_gear
actuator_ctrllimited actuator_ctrlrange actuator_forcelimited actuator_gainprm actuator_biasprm
""".split()
OPTION_FIELDS = """
timestep gravity integrator cone solver iterations tolerance noslip_iterations impratio
density viscosity wind o_margin disableflags enableflags
""".split()


def modern(path):
    """The MJCF at `path` in words that every version knows, or None where this one knows none."""
    root = ElementTree.parse(path).getroot()
    # Files for MuJoCo 1: no collisions but of named pairs, of which there are none; statistics.
    if any(option.attrib.pop("collision", None) for option in root.iter("option")):
        for geom in root.iter("geom"):
            geom.set("contype", "0")
            geom.set("conaffinity", "0")
    for flag in root.iter("flag"):
        flag.attrib.pop("solverstat", None)
        flag.attrib.pop("energy", None)
    # MuJoCo 1 read this so, and OpenAI Gym's hopper has it so. A foot's frame moves nothing.
    for body in root.iter("body"):
        if body.get("pos") == "0.13/2 0 0.1":
            body.set("pos", "0.13 0 0")
    if root.find("compiler").get("coordinate") == "global" and mujoco.mj_version() >= 234:
        return None
    return ElementTree.tostring(root, encoding="unicode")


def facts(model):
    """Field name to flat float array."""
    found = {}
    for prefix, source, names in (("", model, MODEL_FIELDS), ("opt_", model.opt, OPTION_FIELDS)):
        for name in names:
            if hasattr(source, name):
                found[prefix + name] = np.asarray(getattr(source, name), dtype=np.float64).ravel()
    return found


def load_ours(body):
    """A body of ours as mujoco_body.cpp makes it."""
    model = mujoco.MjModel.from_xml_path(str(OURS / f"{body}.xml"))
    numeric = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_NUMERIC, "total_mass")
    if numeric >= 0:
        mujoco.mj_setTotalmass(model, model.numeric_data[model.numeric_adr[numeric]])
        mujoco.mj_setConst(model, mujoco.MjData(model))
    return model


def in_units_of_range(model):
    """Makes controls run from -1 to 1 and the gears stronger by as much, as rllab's wrapper does."""
    limits = model.actuator_ctrlrange[:, 1].copy()
    assert np.array_equal(model.actuator_ctrlrange[:, 0], -limits)
    model.actuator_gear[:] *= limits[:, None]
    model.actuator_ctrlrange[:] = [-1, 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assets", type=pathlib.Path, help="folder of Gymnasium's MJCF files")
    parser.add_argument("--sources", type=pathlib.Path, help="folder of the others' repositories")
    parser.add_argument("--write", type=pathlib.Path, metavar="FOLDER")
    arguments = parser.parse_args()
    assets = arguments.assets
    if assets is None:
        import gymnasium.envs.mujoco

        assets = pathlib.Path(gymnasium.envs.mujoco.__file__).parent / "assets"
    bodies = {body: (assets / f"{body}.xml", f"Gymnasium's {body}.xml") for body in GYMNASIUMS}
    if arguments.sources:
        bodies.update({body: (arguments.sources / file, file) for body, file in OTHERS.items()})

    worst, compared = 0.0, 0
    for body, (path, origin) in bodies.items():
        text = modern(path)
        if text is None:
            print(f"{body}: mujoco {mujoco.__version__} cannot read the original")
            continue
        original = mujoco.MjModel.from_xml_string(text)
        if body.startswith("rllab_"):
            in_units_of_range(original)
            origin += ", controls in units of their range,"
        theirs = facts(original)
        ours = facts(load_ours(body))
        compared += 1
        for name, values in theirs.items():
            if values.shape != ours[name].shape:
                sys.exit(f"{body}: {name} has {ours[name].size} numbers, the original {values.size}")
            # Relative to the largest number of the field, since quaternions cross zero.
            scale = max(1.0, np.abs(values).max(initial=0.0))
            difference = np.abs(values - ours[name]).max(initial=0.0) / scale
            worst = max(worst, difference)
            if difference > 1e-10:
                print(f"{body}: {name} differs by {difference:.2g}:\n  {ours[name]}\n  {values}")
        if arguments.write:
            missing = {*MODEL_FIELDS, *("opt_" + n for n in OPTION_FIELDS)} - theirs.keys()
            if missing:
                sys.exit(f"mujoco {mujoco.__version__} lacks {sorted(missing)}")
            with open(arguments.write / f"{body}_facts.txt", "w", encoding="ascii") as out:
                print(f"# {origin} compiled by MuJoCo {mujoco.__version__}", file=out)
                print("# made by scripts/oracle/body_facts.py; a line: field, count, values", file=out)
                for name, values in theirs.items():
                    print(name, values.size, *(repr(float(v)) for v in values), file=out)
    print(f"mujoco {mujoco.__version__}: {compared} bodies, largest difference {worst:.2g}")
    return int(worst > 1e-10)


if __name__ == "__main__":
    sys.exit(main())
