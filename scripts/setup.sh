# Shared by ./reverie and ./test: packages, configuration, build. Sourced with $root set. Everything
# it says goes to standard error: standard output is the program's.

build=$root/build/release
log=$root/build/build.log

say() { printf 'reverie: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Whether anything that goes into the build is newer than the stamp. Folders count too: removing a
# file touches its folder.
stale() {
  local stamp=$1
  # Configured anew by hand, say for another libtorch.
  [[ -e $stamp && ! $build/CMakeCache.txt -nt $stamp ]] || return 0
  [[ -n $(find "$root/src" "$root/cmake" "$root/presets" "$root/examples" "$root/CMakeLists.txt" \
    "$root/CMakePresets.json" "$root/scripts/packages.txt" \
    -newer "$stamp" -print -quit 2>/dev/null) ]]
}

install_packages() {
  command -v dpkg-query >/dev/null || return 0  # another system: CMake says what it lacks
  local wanted optional installed missing=() package
  mapfile -t wanted < <(grep -v '^#' "$root/scripts/packages.txt")
  mapfile -t optional < <(sed -n 's/^# optional: //p' "$root/scripts/packages.txt")
  # It fails where one is unknown, and tells of the rest all the same.
  installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" "${optional[@]}" \
    2>/dev/null) || true
  for package in "${wanted[@]}"; do
    grep -qx "$package installed" <<<"$installed" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  for package in "${optional[@]}"; do  # only where packages are installed anyway
    grep -qx "$package installed" <<<"$installed" || missing+=("$package")
  done

  local as_root=()
  if ((EUID != 0)); then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      as_root=(sudo)
    else
      say "these packages are missing; install them (as root), then call again:"
      echo "sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}" >&2
      exit 1
    fi
  fi
  say "installing from the distribution: ${missing[*]}"
  say "this takes a minute or three; what apt says is in $log"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600)
  # A machine whose package lists are empty or old gets new ones first.
  if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
    { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } \
      >>"$log" 2>&1 || fail_with_log "installing the packages failed"
  fi
}

# Takes the MuJoCo of scripts/mujoco.txt, a Python wheel with its library and headers, into
# build/mujoco. Only before the first configuration: a build keeps the MuJoCo it was configured with
# (a run goes on bit for bit only in the same one); remove build/ to have the choice made anew.
fetch_mujoco() {
  local folder=$root/build/mujoco new=$root/build/mujoco.new pinned python library
  [[ -d $folder ]] && return
  pinned=$(sed -n 's/^mujoco-core==\([^ ]*\).*/\1/p' "$root/scripts/mujoco.txt")
  for python in python3 /usr/bin/python3; do
    rm -rf "$new"
    # The library needs no Python: one wheel for whatever Python is there.
    "$python" -m pip --disable-pip-version-check download --quiet --retries 1 --timeout 20 \
      --no-deps --only-binary :all: --require-hashes --requirement "$root/scripts/mujoco.txt" \
      --python-version 311 --implementation cp --abi cp311 \
      --platform "manylinux_2_28_$(uname -m)" --dest "$new" >>"$log" 2>&1 || continue
    "$python" -m zipfile -e "$new"/*.whl "$new" >>"$log" 2>&1 || continue
    rm -f "$new"/*.whl "$new"/mujoco/*.cpython-*.so
    library=$(compgen -G "$new/mujoco/libmujoco.so.*") || continue
    "$python" -c 'import ctypes, sys; ctypes.CDLL(sys.argv[1])' "$library" >>"$log" 2>&1 || continue
    mv "$new" "$folder"
    say "MuJoCo $pinned, from the package index that pip uses"
    return
  done
  rm -rf "$new"
  say "MuJoCo $pinned could not be had by pip (why: $log): the distribution's is taken"
}

fail_with_log() {
  # The first thing that went wrong is what helps, and it stands after the first FAILED.
  sed -n '/FAILED\|CMake Error\|^E: /,$p' "$log" | head -n 30 >&2
  die "$1; all of it is in $log"
}

# Reads ninja's output: keeps it in the log, shows "[12/85]" as a line that is rewritten.
show_progress() {
  local line last=-10 percent
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$log"
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    percent=$((100 * BASH_REMATCH[1] / BASH_REMATCH[2]))
    if [[ -t 2 ]]; then
      printf '\rreverie: building %3d%%  %d of %d, %d s\e[K' "$percent" "${BASH_REMATCH[1]}" \
        "${BASH_REMATCH[2]}" "$SECONDS" >&2
    elif ((percent >= last + 10)); then
      say "building $percent% (${BASH_REMATCH[1]} of ${BASH_REMATCH[2]})"
      last=$percent
    fi
  done
  if [[ -t 2 ]]; then printf '\r\e[K' >&2; fi
}

# Brings `target` up to date and leaves `stamp`, dated before the build began, so that a file saved
# during it is built the next time.
bring_up_to_date() {
  local target=$1 stamp=$2
  mkdir -p "$root/build" 2>/dev/null || die "cannot write $root/build: a build needs a folder of its own"
  exec 9>"$root/build/lock"
  if ! flock -n 9; then
    say "another build is under way; waiting for it"
    flock 9
  fi
  if stale "$stamp"; then
    : >"$log"
    SECONDS=0
    install_packages
    if [[ ! -e $build/build.ninja ]]; then
      fetch_mujoco
      say "configuring"
      (cd "$root" && cmake --preset release) >>"$log" 2>&1 || fail_with_log "configuring failed"
    fi
    touch "$stamp.new"  # later than the cache that configuring writes, or the next start finds it stale
    [[ -x $build/src/reverie/reverie ]] || say "building; the first time takes minutes"
    trap 'echo >&2; say "the build was interrupted; call again to go on"; exit 130' INT
    if ! ninja -C "$build" "$target" 2>&1 | show_progress; then
      fail_with_log "the build failed"
    fi
    trap - INT
    mv "$stamp.new" "$stamp"
    grep -q '^ninja: no work to do' "$log" || say "built in $SECONDS s"
  fi
  exec 9>&-
}
