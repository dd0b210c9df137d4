package check

import (
	"testing"
	"time"
	"os"
	"os/exec"

	"mackerel-plugin-pipeline-sli/truth/judge"
)

func TestDbg(t *testing.T) {
	for _, s := range scenarios {
		if s.name != os.Getenv("DBG") { continue }
		w := newWorld(t, s.world, s.faults, s.length)
		rig, err := judge.NewRig(w, s.config, s.logs(w)...)
		if err != nil { t.Fatal(err) }
		must(t, rig.Advance(w.Start.Add(s.length+12*time.Second)))
		out, _ := exec.Command("sh", "-c", "cd "+rig.Dir+"; mkdir -p /tmp/w/dbgrig; cp -r . /tmp/w/dbgrig; ls -la; tail -3 *.json front.log").CombinedOutput()
		t.Log(string(out))
		rig.Close()
	}
}
