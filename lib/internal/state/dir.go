package state

import (
	"fmt"
	"os"
	"path/filepath"
)

// agentDir is where packaged agents let their plugins work.
const agentDir = "/var/tmp/mackerel-agent"

// Dir chooses the state directory: flag (--state-dir), else fromFile (state_dir:), else pipeline-sli-<uid> in $MACKEREL_PLUGIN_WORKDIR, else
// the same in /var/tmp/mackerel-agent where that directory exists, else pipeline-sli in the user's state directory.
// Empty strings count as not given. Nothing is made.
func Dir(flag, fromFile string, getenv func(string) string, uid int) (string, error) {
	return dir(flag, fromFile, getenv, uid, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.IsDir()
	})
}

func dir(flag, fromFile string, getenv func(string) string, uid int, isDir func(string) bool) (string, error) {
	for _, named := range []string{flag, fromFile} {
		if named != "" {
			return filepath.Clean(named), nil
		}
	}
	own := fmt.Sprintf("pipeline-sli-%d", uid)
	if work := getenv("MACKEREL_PLUGIN_WORKDIR"); work != "" {
		return filepath.Join(work, own), nil
	}
	if isDir(agentDir) {
		return filepath.Join(agentDir, own), nil
	}
	if xdg := getenv("XDG_STATE_HOME"); filepath.IsAbs(xdg) { // its specification has relative ones ignored
		return filepath.Join(xdg, "pipeline-sli"), nil
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "pipeline-sli"), nil
	}
	if local := getenv("LocalAppData"); local != "" { // windows
		return filepath.Join(local, "pipeline-sli"), nil
	}
	return "", fmt.Errorf("no state directory: HOME is not set: name one with --state-dir")
}
