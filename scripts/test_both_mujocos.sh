#!/usr/bin/env bash
# Builds and runs the tests in both MuJoCos: the pinned one of scripts/mujoco.txt, and the
# distribution's. The one that build/release has is tested there, the other in a folder of its own.
#
#     scripts/test_both_mujocos.sh [ARGUMENTS OF CTEST]      say: -R 'Mujoco|Tasks|Gymnasium'
set -euo pipefail
root=$(realpath "$(dirname "$0")/..")
source "$root/scripts/setup.sh"
mkdir -p "$root/build"
install_packages
fetch_mujoco
[[ -d $root/build/mujoco ]] || die "without the pinned MuJoCo there is nothing to compare"

cd "$root"
mujoco_of() { sed -n 's/^MUJOCO_LIBRARY:[A-Z]*=//p' "$1/CMakeCache.txt" 2>/dev/null || true; }
failed=()
for kind in pinned distribution; do
  folder=$root/build/with-$kind-mujoco
  given=$(mujoco_of "$build")
  case $kind:$given in
    pinned:"$root/build/mujoco/"* | distribution:/usr/*) folder=$build ;;
  esac
  option=$root/build/mujoco/mujoco
  [[ $kind == pinned ]] || option=OFF
  [[ -e $folder/build.ninja ]] ||
    cmake --preset release -B "$folder" "-DREVERIE_MUJOCO=$option" >"$folder.log" 2>&1 ||
    die "configuring failed; see $folder.log"
  say "with $(mujoco_of "$folder")"
  ninja -C "$folder" --quiet reverie_tests
  "$folder/src/reverie/reverie" info | grep '^MuJoCo'
  ctest --test-dir "$folder" --output-on-failure --parallel "$(nproc)" "$@" || failed+=("$kind")
done
((${#failed[@]} == 0)) || die "failed with the MuJoCo that is ${failed[*]}"
