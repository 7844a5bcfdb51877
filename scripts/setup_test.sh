#!/usr/bin/env bash
# Tests install_packages of setup.sh with a dpkg-query, an apt-get and a sudo that only pretend.
set -euo pipefail
scripts=$(realpath "$(dirname "$0")")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/scripts" "$root/build" "$root/bin"
cp "$scripts/packages.txt" "$root/scripts"

# Of the packages that are asked for, those of the file `absent` are unknown.
cat >"$root/bin/dpkg-query" <<'FAKE'
#!/usr/bin/env bash
code=0
for package in "${@:4}"; do
  if grep -qx "$package" "${0%/*}/../absent"; then code=1; else echo "$package installed"; fi
done
exit "$code"
FAKE
cat >"$root/bin/apt-get" <<'FAKE'
#!/usr/bin/env bash
echo "$*" >>"${0%/*}/../asked"
FAKE
cat >"$root/bin/sudo" <<'FAKE'
#!/usr/bin/env bash
[[ $1 == -n ]] && shift
exec "$@"
FAKE
chmod +x "$root"/bin/*
export PATH="$root/bin:$PATH"
source "$scripts/setup.sh"

# What is asked of apt-get where these packages are absent.
asked() {
  printf '%s\n' "$@" >"$root/absent"
  : >"$root/asked"
  (set -euo pipefail; install_packages) 2>/dev/null || { echo "it failed without: $*"; exit 1; }
  cat "$root/asked"
}

got=$(asked python3-pip)
[[ -z $got ]] || { echo "for pip alone apt-get is called: $got"; exit 1; }
got=$(asked ninja-build python3-pip)
[[ $got == *"install -y --no-install-recommends ninja-build python3-pip" ]] ||
  { echo "ninja-build and pip were to be installed, but: $got"; exit 1; }
got=$(asked ninja-build)
[[ $got == *" ninja-build" ]] || { echo "ninja-build was to be installed, but: $got"; exit 1; }
