#!/bin/sh
# What purge takes away beside the package's own files: the programs' state, which nobody else reads. The configuration is
# its writer's and stays. Programs installed by other means still need the state.
set -e

if [ "$1" = purge ] && [ ! -e "$DPKG_ROOT/opt/mackerel-agent/plugins/bin/mackerel-plugin-pipeline-sli" ]; then
	work="$DPKG_ROOT/var/tmp/mackerel-agent"
	# Only where none but root can have put another directory under this name; links are not followed.
	if [ -n "$(find -P "$work" -maxdepth 0 -type d -user 0 2>/dev/null)" ]; then
		find -P "$work" -mindepth 1 -maxdepth 1 -type d -name 'pipeline-sli-[0-9]*' -exec rm -rf -- {} +
	fi
fi
