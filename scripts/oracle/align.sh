#!/usr/bin/env bash
# Whole episodes of Gymnasium's ten MuJoCo tasks against ours, both in the same MuJoCo: the one of the
# Python wheel.
#
#     scripts/oracle/align.sh [FOLDER]      FOLDER: what it makes (default: build/align)
#
# Installs Gymnasium and MuJoCo from PyPI into FOLDER/venv, builds the tests against the wheel's
# library and headers, records 1,000 steps (or an episode) of each task and compares them, and the
# compiled bodies number by number.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(realpath -m "${1:-build/align}")

python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet gymnasium mujoco imageio packaging
mujoco=$("$folder/venv/bin/python" -c 'import mujoco, os; print(os.path.dirname(mujoco.__file__))')

mkdir -p "$folder/golden"
(cd "$folder" && venv/bin/python "$OLDPWD/scripts/oracle/trajectories.py" golden)
"$folder/venv/bin/python" scripts/oracle/body_facts.py

cmake --preset release -B "$folder/build" -DCMAKE_PREFIX_PATH="$mujoco" >/dev/null
ninja -C "$folder/build" reverie_tests
REVERIE_GOLDEN="$folder/golden" "$folder/build/src/reverie/reverie_tests" \
  --gtest_filter='*GymTrajectory*:*MujocoBodyFacts*'
