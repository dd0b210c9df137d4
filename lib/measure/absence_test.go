package measure_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// away is a host that comes back after hours: its two logs went on.
type away struct {
	*world
	hours int
	from  string // how coverage is told
}

func newAway(t *testing.T, from string, hours, astray int) *away {
	a := &away{newWorld(t, t.TempDir()), hours, from}
	a.log(-2*time.Hour, 0)
	if _, err := a.run(a.pipeline()); err != nil {
		t.Fatal(err)
	}
	whole := time.Duration(hours) * time.Hour
	a.log(0, whole/5)
	for range astray {
		a.log(whole-time.Minute, whole-time.Minute+time.Second) // ahead of its time, and of where a part ends
	}
	a.log(whole/5, whole)
	a.now = start.Add(time.Duration(hours)*time.Hour + time.Minute)
	return a
}

// log appends to both logs what happened between two instants.
func (a *away) log(from, to time.Duration) {
	a.t.Helper()
	var front, worker strings.Builder
	for n, at := 0, from; at < to; n, at = n+1, at+3*time.Second {
		when := func(d time.Duration) string {
			return start.Add(at + d).UTC().Format("2006-01-02T15:04:05.000Z07:00")
		}
		fmt.Fprintf(&front, `{"time":%q,"method":"POST","uri":"/v","status":202,"request_time":0.05,"id":"%d"}`+"\n", when(0), at)
		if n%97 != 5 {
			fmt.Fprintf(&worker, `{"ts":%q,"msg":"done","id":"%d"}`+"\n", when(time.Second), at)
		}
	}
	for name, text := range map[string]string{"front.json": front.String(), "worker.json": worker.String()} {
		f, err := os.OpenFile(filepath.Join(a.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		a.must(err)
		_, err = f.WriteString(text)
		a.must(errors.Join(err, f.Close()))
	}
}

func (a *away) pipeline() func(*measure.Run) {
	return func(r *measure.Run) {
		r.Pipelines = a.read(fmt.Sprintf(`pipelines:
- name: video
  stages:
  - { name: front, access_log: { path: %q, format: json, fields: { id: id } } }
  - { name: worker, app_log: { path: %q, format: json, fields: { time: ts, id: id }, events: [ { match: { msg: done }, is: done } ] } }
  slis: { coverage: { target: 99, from: %s }, availability: { target: 99 } }
`, filepath.Join(a.dir, "front.json"), filepath.Join(a.dir, "worker.json"), a.from))
	}
}

// back is a run after the absence, changed as told.
func (a *away) back(change func(*measure.Run)) (*sli.Report, error) {
	a.t.Helper()
	return a.run(func(r *measure.Run) {
		a.pipeline()(r)
		if change != nil {
			change(r)
		}
	})
}

// told is what the state says of every minute of the absence, and of how many minutes cells
// are kept.
func (a *away) told() (minutes string, kept int) {
	a.t.Helper()
	var b strings.Builder
	a.must(a.store().View(context.Background(), func(tx measure.Tx) error {
		for _, kind := range []sli.Kind{sli.Coverage, sli.Availability} {
			rec := measure.ReadRule(tx, "video", kind)
			for m := sli.MinuteAt(start); m < sli.MinuteAt(start)+sli.Minute(60*a.hours-30); m++ {
				measured := kind != sli.Coverage || rec.Derived.Contains(m)
				fmt.Fprintf(&b, "%s %s %v %v\n", kind, m.Start().UTC().Format("15:04"), measured, measure.ReadCell(tx, "video", kind, m))
			}
		}
		plan := a.plan()
		for _, stage := range plan.Stages {
			kept = max(kept, len(measure.StageMinutes(tx, "video", stage, sli.Accepted)), len(measure.StageMinutes(tx, "video", stage, sli.Done)))
		}
		return nil
	}))
	return b.String(), kept
}

func (a *away) plan() *sli.Plan {
	var r measure.Run
	a.pipeline()(&r)
	return r.Pipelines[0].Plan
}

// dying is a store whose process is killed after some commits.
type dying struct {
	measure.Store
	commits *int
}

func (d dying) Update(ctx context.Context, f func(measure.Tx) error) error {
	if *d.commits--; *d.commits < 0 {
		return deaf{d.Store}.Update(ctx, f)
	}
	return d.Store.Update(ctx, f)
}

// A backlog that is read in parts says the same of each minute, whatever comes between.
func TestABacklogInPartsIsTheSameHoweverOftenItIsInterrupted(t *testing.T) {
	t.Parallel()
	const hours = 5
	wanted := map[string]string{}
	for _, from := range []string{"ids", "counts"} {
		whole := newAway(t, from, hours, 0)
		if _, err := whole.back(nil); err != nil {
			t.Fatal(err)
		}
		want, kept := whole.told()
		if n := strings.Count(want, "true"); n != 2*(60*hours-30) {
			t.Fatalf("only %d minutes are measured", n)
		}
		if kept > 6*60 {
			t.Errorf("cells of %d minutes are kept", kept)
		}
		wanted[from] = want
	}
	over := func(parts int) func(*measure.Run) { // so many get their time in a run
		return func(r *measure.Run) {
			r.Share = func(ctx context.Context, _ int) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				if parts--; parts < 0 {
					cancel()
				}
				return ctx, cancel
			}
		}
	}
	for _, c := range []struct {
		name string
		from string
		same string // of which SLI
		runs int    // at most, until it has caught up
		run  func(*away)
	}{
		{"killed at every commit", "ids", "", 12, func() func(*away) {
			lives := 0
			return func(a *away) {
				lives++
				commits := lives % 3
				_, _ = a.back(func(r *measure.Run) { r.Store = dying{r.Store, &commits} })
			}
		}()},
		{"without time for more than a part", "counts", "", 8, func(a *away) {
			if _, err := a.back(over(1)); err != nil {
				t.Error(err)
			}
		}},
		{"while another run does the same", "counts", "", 1, func(a *away) {
			others := 0
			_, err := a.back(func(r *measure.Run) {
				inner := r.Pipelines[0].Sources[1]
				r.Pipelines[0].Sources[1] = source{inner, func(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
					b, err := inner.Read(ctx, ask, cursor)
					if others++; others == 2 {
						if _, err := a.back(over(2)); err != nil {
							t.Error(err)
						}
					}
					return b, err
				}}
			})
			a.must(err)
		}},
		{"while another run is quicker", "counts", "", 1, func(a *away) {
			_, err := a.back(meanwhile(func() {
				if _, err := a.back(nil); err != nil {
					t.Error(err)
				}
			}))
			a.must(err)
		}},
		// The other one isn't kept waiting; of the one that comes late only the last hours are judged.
		{"a log that isn't there at first", "ids", "availability", 2, func() func(*away) {
			missing := true
			return func(a *away) {
				name := filepath.Join(a.dir, "worker.json")
				if missing {
					a.must(os.Rename(name, name+"~"))
				}
				_, err := a.back(nil)
				a.must(err)
				if missing {
					a.must(os.Rename(name+"~", name))
				}
				missing = false
			}
		}()},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAway(t, c.from, hours, 0)
			for range c.runs {
				c.run(a)
				a.now = a.now.Add(time.Minute)
			}
			if _, err := a.back(nil); err != nil {
				t.Fatal(err)
			}
			got, _ := a.told()
			if want := about(c.same, wanted[c.from]); about(c.same, got) != want {
				t.Errorf("it says another thing:\n%s", difference(want, about(c.same, got)))
			}
		})
	}
}

// A line that is stamped ahead of its time doesn't end the part that is read.
func TestAWrongStampHidesNothingOfABacklog(t *testing.T) {
	t.Parallel()
	const hours = 5
	right, wrong := newAway(t, "ids", hours, 0), newAway(t, "ids", hours, 3)
	var texts [2]string
	for i, a := range []*away{right, wrong} {
		if _, err := a.back(nil); err != nil {
			t.Fatal(err)
		}
		texts[i], _ = a.told()
	}
	if texts[0] != texts[1] {
		t.Error(difference(texts[0], texts[1]))
	}
}

// about is the lines of one SLI.
func about(kind, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, kind) {
			b.WriteString(line)
		}
	}
	return b.String()
}

func difference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out []string
	for i := range a {
		if i < len(b) && a[i] != b[i] && len(out) < 10 {
			out = append(out, b[i]+" instead of "+a[i])
		}
	}
	return strings.Join(out, "\n")
}
