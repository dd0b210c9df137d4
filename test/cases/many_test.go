package cases

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
)

func TestManyProf(t *testing.T) {
	if os.Getenv("MP") == "" {
		t.Skip()
	}
	h := newHost(t)
	h.config(`
pipelines:
  - name: v
    stages: [ { name: front, access_log: { path: "DIR/l/*.log", format: ltsv, settle: 10s } } ]
    slis: { availability: { target: 99.9 }, latency: { threshold: 100ms, target: 99 } }
`)
	os.MkdirAll(h.path("l"), 0o755)
	for i := range 9000 {
		h.lines(fmt.Sprintf("l/%05d.log", i), labelled(float64(i)*0.03, "status:200", "reqtime:0.05", "method:POST", "uri:/videos"))
	}
	w := func(n string) {
		runtime.GC()
		runtime.GC()
		f, _ := os.Create(n)
		pprof.Lookup("allocs").WriteTo(f, 0)
		f.Close()
	}
	runtime.GC()
	runtime.MemProfileRate = 4096
	w("/tmp/w/m0")
	h.run(300, "--take")
	w("/tmp/w/m1")
	h.run(360, "--take")
	w("/tmp/w/m2")
}
