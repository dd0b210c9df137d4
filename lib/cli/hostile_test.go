package cli_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// big writes the log piece by piece.
func (h *host) big(write func(w io.Writer)) {
	h.t.Helper()
	f, err := os.Create(h.path("access.log"))
	if err != nil {
		h.t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	write(w)
	if err := w.Flush(); err != nil {
		h.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		h.t.Fatal(err)
	}
}

// peak is the most heap that was in use while do ran, in MiB, beyond what was before.
func peak(do func()) float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapInuse
	var most atomic.Uint64
	done, finished := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(finished)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	do()
	close(done)
	<-finished
	return (float64(most.Load()) - float64(before)) / (1 << 20)
}

// hostile logs, each by what it tries.
var hostile = map[string]func(h *host, w io.Writer){
	"a line without end": func(h *host, w io.Writer) {
		fmt.Fprint(w, h.steady())
		piece := strings.Repeat("x", 1<<20)
		for range 40 {
			fmt.Fprint(w, piece)
		}
	},
	"binary": func(h *host, w io.Writer) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 1 << 18 {
			n := r.Uint64()
			w.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24), byte(n >> 32), byte(n >> 40), byte(n >> 48), byte(n >> 56)})
		}
	},
	"no UTF-8, escapes": func(h *host, w io.Writer) {
		fmt.Fprint(w, h.steady())
		for range 20 {
			fmt.Fprintf(w, "time:%s\tmethod:\x1b[2J\x9b31m\uffff\tstatus:200\treqtime:0.1\n", h.now.Add(-90*time.Second).Format(time.RFC3339))
			fmt.Fprint(w, "\x1b]0;title\x07 \xff\xfe\u009b31m \u202e junk\n")
		}
	},
	"only escapes": func(h *host, w io.Writer) { fmt.Fprint(w, strings.Repeat("\x1b[31m\xff\u009b\n", 50)) },
	"a million methods and statuses": func(h *host, w io.Writer) {
		at := h.now.Add(-90 * time.Second).Format(time.RFC3339)
		for i := range 1_000_000 {
			fmt.Fprintf(w, "time:%s\tmethod:M%c%c%c%c\tstatus:%d\treqtime:%d.%d\n", at, 'a'+i%26, 'a'+i/26%26, 'a'+i/676%26, 'a'+i/17576%26, i, i%100, i)
		}
	},
	"a million minutes": func(h *host, w io.Writer) {
		for i := range 1_000_000 {
			fmt.Fprintf(w, "time:%d\tmethod:POST\tstatus:200\treqtime:0.1\n", h.now.Unix()-60-60*int64(i)*29)
		}
	},
	"past and future": func(h *host, w io.Writer) {
		fmt.Fprint(w, h.steady())
		for _, at := range []string{"-1", "-99999999999", "0", "1e300", "NaN", "99999999999999999999", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "2026-11-22T11:45:00Z", "2026-13-45T99:99:99Z"} {
			fmt.Fprintf(w, "time:%s\tmethod:POST\tstatus:200\treqtime:0.1\n", at)
		}
	},
	"before the epoch": func(h *host, w io.Writer) {
		for _, at := range []string{"1969-07-20T20:17:40Z", "0001-01-01T00:00:00Z", "1600-01-01T00:00:00Z"} {
			fmt.Fprintf(w, "time:%s\tmethod:POST\tstatus:200\treqtime:0.1\n", at)
		}
		fmt.Fprint(w, h.steady())
	},
	"numbers that are none": func(h *host, w io.Writer) {
		fmt.Fprint(w, h.steady())
		for _, v := range []string{"NaN", "Inf", "-1", "1e308", "9223372036854775807", "9223372036.854775807", "99999999999999999999999", "0x10", "", "-", "1e-400"} {
			fmt.Fprintf(w, "time:%s\tmethod:POST\tstatus:%s\treqtime:%s\n", h.now.Add(-90*time.Second).Format(time.RFC3339), v, v)
		}
	},
	"JSON without bottom": func(h *host, w io.Writer) {
		fmt.Fprintln(w, strings.Repeat(`{"a":`, 100_000))
		fmt.Fprintln(w, strings.Repeat(`[`, 100_000))
	},
	"nothing but newlines": func(h *host, w io.Writer) { fmt.Fprint(w, strings.Repeat("\n", 1_000_000)) },
	"NUL bytes":            func(h *host, w io.Writer) { w.Write(make([]byte, 8<<20)) },
}

func TestNoLogCanHurt(t *testing.T) {
	const allowed = 96 // MiB of heap, whatever the log
	// As the programs have it in a large job, see Host: else what isn't collected yet counts.
	defer debug.SetGCPercent(debug.SetGCPercent(25))
	for name, write := range hostile {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(minimal)
			h.big(func(w io.Writer) { write(h, w) })
			h.env["MACKEREL_AGENT_PLUGIN_META"] = ""
			for _, args := range [][]string{nil, {"explain"}, {"explain", "--json", "--all"}} {
				var a answer
				begun := time.Now()
				used := peak(func() { a = h.plugin(args...) })
				if len(args) == 0 {
					names(t, a)
				}
				if took := time.Since(begun); used > allowed || took > time.Minute || a.code > 1 {
					t.Errorf("%q: %.0f MiB, %s, exit %d", args, used, took, a.code)
				}
			}
			if a := h.check("--sli", "availability", "--critical-ratio", "99"); a.code > 3 || len([]rune(a.out)) > 1025 || strings.Count(a.out, "\n") != 1 {
				t.Errorf("check: %+v", a)
			}
		})
	}
}

func TestNoConfigurationCanHurt(t *testing.T) {
	deep := strings.Repeat("[", 10_000)
	for name, text := range map[string]string{
		"escapes":       strings.Replace(minimal, "name: video", `name: video`+"\n  label: \"\\e[31mred\\x9b\"\n  runbook: \"\\e]0;x\\a\"", 1),
		"escaped name":  strings.Replace(minimal, "name: video", `name: "a\e[31mb"`, 1),
		"escaped path":  strings.Replace(minimal, "path: LOG", `path: "/tmp/\e[31m\x9b\u202e.log"`, 1),
		"escaped key":   strings.Replace(minimal, "slis:", "\"\\e[31m\": 1\n  slis:", 1),
		"deep":          "pipelines: " + deep,
		"deep maps":     strings.Repeat("a: {", 10_000),
		"alias bomb":    "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\npipelines: *c\n",
		"huge":          minimal + strings.Repeat("# padding\n", 300_000),
		"large":         strings.Replace(minimal, "path: LOG", "path: ["+strings.Repeat("/nowhere, ", 100_000)+"LOG]", 1),
		"binary":        "\x00\x01\x02\xff\xfe",
		"many":          "pipelines:\n" + strings.Repeat("- { name: x, stages: [], slis: {} }\n", 2000),
		"empty":         "",
		"another thing": "42",
		"window":        strings.Replace(minimal, "metrics: full", "window: 1e9h", 1),
		"regex":         strings.Replace(minimal, "path: LOG", `path: LOG, where: { uri: "^(((((a{1000}){1000}){1000}" }`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.config(text)
			h.file("access.log", h.steady())
			var used float64
			for _, args := range [][]string{nil, {"validate"}, {"explain"}, {"explain", "--json"}} {
				used = max(used, peak(func() {
					if a := h.plugin(args...); a.code < 0 || a.code > 2 {
						t.Errorf("%q: exit %d", args, a.code)
					}
				}))
			}
			h.env["MACKEREL_AGENT_PLUGIN_META"] = "1"
			defined(t, h.plugin())
			if a := h.check(); a.code > 3 || strings.Count(a.out, "\n") != 1 || len([]rune(a.out)) > 1025 {
				t.Errorf("check: %.500q", a.out)
			}
			if used > 128 {
				t.Errorf("%.0f MiB of heap for a configuration", used)
			}
		})
	}
}
