#!/bin/sh
# Installs what the end-to-end tests run against, as far as it is missing: servers and tools from Debian (as root), and
# emulators for Node into e2e/npm. With --all also what only packaging and report tests use.
set -eu
cd "$(dirname "$0")"

# command or file : Debian package
wanted='
/usr/sbin/nginx:nginx-light
/usr/sbin/logrotate:logrotate
/usr/sbin/mariadbd:mariadb-server
/usr/lib/postgresql/*/bin/initdb:postgresql
node:nodejs
npm:npm
'
if [ "${1-}" = --all ]; then
	wanted="$wanted
rpm:rpm
lintian:lintian
zsh:zsh
fish:fish
qemu-aarch64-static:qemu-user-static
hyperfine:hyperfine
goaccess:goaccess
chromium:chromium
/usr/share/fonts/truetype/fonts-japanese-gothic.ttf:fonts-ipafont-gothic
"
fi

missing=
for pair in $wanted; do
	# shellcheck disable=SC2086 # the glob is meant
	if ! command -v ${pair%%:*} >/dev/null 2>&1; then
		missing="$missing ${pair##*:}"
	fi
done
if [ -n "$missing" ]; then
	# Tests start servers of their own: the packages' services stay off.
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		trap 'rm -f /usr/sbin/policy-rc.d' EXIT
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
		chmod 755 /usr/sbin/policy-rc.d
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y -q --no-install-recommends $missing
fi

# The packages are there when the lock they were installed from is the present one.
if ! cmp -s npm/package-lock.json npm/node_modules/.lock; then
	npm --prefix npm ci --ignore-scripts --no-progress
	cp npm/package-lock.json npm/node_modules/.lock
fi
