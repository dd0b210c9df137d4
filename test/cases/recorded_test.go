package cases

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/cli"
)

// fromRecording is backtest of what is recorded, at another machine: without configuration,
// logs and state, in another zone.
func (h *host) fromRecording(args ...string) (backtested, answer) {
	h.t.Helper()
	elsewhere := &host{t: h.t, dir: h.t.TempDir(), env: map[string]string{}, zone: time.FixedZone("elsewhere", -5*3600)}
	a := elsewhere.bare(1e7, cli.Main, append([]string{"backtest", "--json", "--recording", h.path("kept")}, args...)...)
	var b backtested
	if err := json.Unmarshal([]byte(a.out), &b); err != nil {
		h.t.Fatalf("backtest: exit %d, %v; %s", a.code, err, a.complaints)
	}
	return b, a
}

// recordedLife is a host whose runs are recorded: it lives a world's minutes, and gives what
// its check said of each of them, by the minute's end in seconds after noon.
type recordedLife struct {
	*host
	said map[float64]string
}

func live(t *testing.T, ids bool, w world, r *rand.Rand, flags ...string) recordedLife {
	t.Helper()
	h := recordedLife{newHost(t), map[float64]string{}}
	h.config("record: DIR/kept\n" + frontAndWorker(ids, "start: beginning", backtestedSLIs+"\n    check: { sli: [availability, freshness], warning_ratio: 99, critical_ratio: 90, no_traffic: WARNING }"))
	lines := w.lines(r)
	for at := 70.0; at < w.until-300; at += 60 {
		late := r.IntN(9) == 0 // what was written meanwhile comes into the log after the run
		for len(lines) > 0 && lines[0].at < at+5-on(late, 40) {
			h.lines(lines[0].log, lines[0].line)
			lines = lines[1:]
		}
		if r.IntN(3) > 0 {
			h.run(at + 2)
		}
		h.said[at-10] = h.check(at+5+float64(r.IntN(40)), flags...)
	}
	return h
}

// TestABacktestOfARecordingSaysWhatTheCheckSaid, minute by minute, word for word, late lines
// and flags of the check included.
func TestABacktestOfARecordingSaysWhatTheCheckSaid(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 2))
			kinds := []string{"consumer-stop", "errors", "slow", "lost", "front-stop"}
			in := incident{kinds[seed%5], 900, 1500, []float64{0, 0.5, 100, 0.6, 0}[seed%5]}
			var flags []string
			if seed%3 == 1 {
				flags = []string{"-w", "20s", "-c", "3m", "--lang", "ja"}
			}
			h := live(t, seed%2 == 0, world{every: 3, until: 2400, incident: []incident{in}}, r, flags...)
			b, a := h.fromRecording()
			if a.code != 0 || a.complaints != "" {
				t.Errorf("exit %d, %s", a.code, a.complaints)
			}
			n, bad := 0, 0
			for _, s := range b.Pipelines[0].Spans {
				first := true
				for at := s.From; at.Before(s.To); at = at.Add(time.Minute) {
					said := h.said[at.Sub(noon).Seconds()]
					status, text, _ := strings.Cut(said, ": ")
					if status != s.Status || first && !strings.HasSuffix(text, s.Text) {
						t.Errorf("%v: the check said %s: %s\nthe backtest %s: %s", at, status, text, s.Status, s.Text)
					}
					n++
					bad += int(on(status != "OK", 1))
					first = false
				}
			}
			if n != len(h.said) || bad == 0 {
				t.Errorf("%d minutes of %d, %d not OK", n, len(h.said), bad)
			}
		})
	}
}

// TestSettingsThatCountOtherwiseAreJudgedByTheRecordedEvents: a table of them, and of drills,
// is the one that the logs make.
func TestSettingsThatCountOtherwiseAreJudgedByTheRecordedEvents(t *testing.T) {
	for _, ids := range []bool{true, false} {
		t.Run(fmt.Sprintf("ids %v", ids), func(t *testing.T) {
			t.Parallel()
			h := live(t, ids, world{every: 6, until: 3600, incident: []incident{{"slow", 2400, 2700, 100}}}, rand.New(rand.NewPCG(5, 5)))
			for _, args := range [][]string{
				{"--set", "slis.freshness.threshold=2m", "--set", "slis.latency.threshold=10ms", "--set", "check.critical_age=2m,5m"},
				{"--drill", "consumer-stop@" + stamp(2760) + ",5m", "--drill", "errors=50%@" + stamp(2760) + ",5m"},
			} {
				times := []string{"--from", stamp(2400), "--to", stamp(3240)}
				recorded, a := h.fromRecording(append(times, args...)...)
				logs := h.backtest(9000, 2400, 3240, args...)
				if x, y := fmt.Sprintf("%+v", recorded.rows()), fmt.Sprintf("%+v", logs.rows()); x != y || a.code != 0 {
					t.Errorf("%v: exit %d, %s\n%s", args, a.code, a.complaints, firstDifference(strings.ReplaceAll(y, "} ", "}\n"), strings.ReplaceAll(x, "} ", "}\n")))
				}
			}
		})
	}
}

// rows are the rows of the table, as text.
func (b backtested) rows() (out []string) {
	for _, row := range b.Sweep {
		text := fmt.Sprint(row.Set, row.Pages, row.Minutes)
		for _, d := range row.Drills {
			text += fmt.Sprint(d.Drill, *d.FoundAfter, *d.Status)
		}
		out = append(out, text)
	}
	return out
}

// TestWhatARecordingCantTellIsNamed: minutes without a run, files that can't be read, keys
// that shape what sources answer.
func TestWhatARecordingCantTellIsNamed(t *testing.T) {
	h := live(t, true, world{every: 5, until: 1800, incident: []incident{{"slow", 900, 1200, 100}}}, rand.New(rand.NewPCG(9, 2)))
	whole, a := h.fromRecording("--set", "slis.freshness.threshold=30s")
	if a.code != 0 || a.complaints != "" {
		t.Errorf("exit %d, %s", a.code, a.complaints)
	}
	for _, c := range []struct{ args, want string }{
		{"--set stages.front.access_log.where.method=GET", "--set stages.front.access_log.where.method: a recording holds what sources answered by the stages of then"},
		{"--from 2026-03-02T12:30 --to 2026-03-02T12:30", "--to: must be after --from"},
		{"--from 2028-03-02 --to 2028-03-03", "--to: must not be in the future"},
	} {
		if a := h.bare(1e7, cli.Main, append([]string{"backtest", "--recording", h.path("kept")}, strings.Fields(c.args)...)...); a.code != 2 || !strings.Contains(a.complaints, c.want) {
			t.Errorf("%s: exit %d, %s", c.args, a.code, a.complaints)
		}
	}
	files, err := filepath.Glob(h.path("kept/*check*"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	text := func(file string) []byte {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	put := func(file string, text []byte) {
		t.Helper()
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(files[4], text(files[4])[:len(text(files[4]))*9/10])
	flipped := text(files[7])
	flipped[len(flipped)/2] ^= 4
	put(files[7], flipped)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(bytes.Replace(inflated(t, text(files[9])), []byte(`{"version":1,`), []byte(`{"version":9,`), 1)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	put(files[9], packed.Bytes())
	all, err := filepath.Glob(h.path("kept/*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		if files[12] <= file && file < files[17] {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, a := h.fromRecording()
	for _, want := range []string{"no run is recorded of 5 minutes: 2026-03-02 12:13–12:18 UTC", "a later version of the program recorded it"} {
		if !strings.Contains(a.complaints, want) {
			t.Errorf("it doesn't say %q", want)
		}
	}
	if n := strings.Count(a.complaints, "the recording is cut off or damaged"); n != 2 || a.code != 1 {
		t.Errorf("%d files are damaged, exit %d, %s", n, a.code, a.complaints)
	}
	was, is := whole.statuses(), b.statuses()
	for i, status := range is {
		if status != was[i] && status != "UNKNOWN" {
			t.Errorf("minute %d was %s, is %s", i, was[i], status)
		}
	}
}

// inflated is what a gzip file holds.
func inflated(t *testing.T, packed []byte) []byte {
	t.Helper()
	in, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestAVerdictStandsUntilTheNextRecordedRun, however far apart runs usually are; where one
// is missing nobody looked.
func TestAVerdictStandsUntilTheNextRecordedRun(t *testing.T) {
	for _, every := range []float64{5, 15, 60} {
		h := newHost(t)
		h.config("record: DIR/kept\n" + oneLog("json", "start: beginning", "slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 90 }"))
		step := every * 60
		for n := range 10 {
			from := float64(n) * step
			each(from, from+step, 30, func(at float64, _ int) { h.lines("a.log", request(at, 200, "")) })
			if n != 6 && n != 7 {
				h.check(from + step + 12)
			}
		}
		b, a := h.fromRecording()
		// Two runs are missing after the sixth: of its own minute it is known what it said.
		if n := b.Pipelines[0].Minutes["UNKNOWN"]; float64(n) != 3*every-1 || a.code != 1 {
			t.Errorf("every %v minutes: %d minutes are UNKNOWN, exit %d, %s", every, n, a.code, a.complaints)
		}
	}
}
