package state

import "testing"

func TestDirFollowsItsOrder(t *testing.T) {
	type env map[string]string
	all := env{"MACKEREL_PLUGIN_WORKDIR": "/work dir", "XDG_STATE_HOME": "/xdg", "HOME": "/home/u", "LocalAppData": "/local"}
	for _, c := range []struct {
		name, flag, file string
		env              env
		agent            bool
		want             string
	}{
		{"flag first", "/flag/", "/file", all, true, "/flag"},
		{"then the file", "", "/file/.", all, true, "/file"},
		{"then the plugins' directory", "", "", all, true, "/work dir/pipeline-sli-1000"},
		{"then the agent's", "", "", env{"XDG_STATE_HOME": "/xdg", "HOME": "/home/u"}, true, "/var/tmp/mackerel-agent/pipeline-sli-1000"},
		{"where it exists, else the user's", "", "", env{"XDG_STATE_HOME": "/xdg", "HOME": "/home/u"}, false, "/xdg/pipeline-sli"},
		{"relative XDG is ignored", "", "", env{"XDG_STATE_HOME": "xdg", "HOME": "/home/u"}, false, "/home/u/.local/state/pipeline-sli"},
		{"home alone", "", "", env{"HOME": "/home/u"}, false, "/home/u/.local/state/pipeline-sli"},
		{"windows", "", "", env{"LocalAppData": "/local"}, false, "/local/pipeline-sli"},
	} {
		isDir := func(path string) bool { return c.agent && path == "/var/tmp/mackerel-agent" }
		got, err := dir(c.flag, c.file, func(k string) string { return c.env[k] }, 1000, isDir)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	_, err := dir("", "", func(string) string { return "" }, 1000, func(string) bool { return false })
	if want := "no state directory: HOME is not set: name one with --state-dir"; err == nil || err.Error() != want {
		t.Errorf("nothing given: %v, want %s", err, want)
	}
}
