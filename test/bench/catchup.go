//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/test/balancer"
	"mackerel-plugin-pipeline-sli/test/served"
)

// What piles up while nothing runs, of which a bench reads a share: 11.5 million lines of a
// load balancer's day, a week of nginx's logs, four weeks of CloudWatch.
const (
	nodes       = 2
	intervals   = 288
	objectLines = 20_000
	dayLines    = 2_000_000
	weekDays    = 7
	packedDays  = 5 // of them: logrotate leaves the last one as it is
	away        = history

	benchNow = "PIPELINE_SLI_BENCH_NOW" // the clock of command linked
)

// catchUp measures by the processor's time: servers on this machine take theirs, too.
func (w *world) catchUp(share float64) ([]row, error) {
	var rows []row
	for _, backlog := range []func(float64) ([]row, error){w.dayInS3, w.weekOnDisk, w.weeksOfCloudWatch} {
		more, err := backlog(share)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// untilDone repeats a run until it has left nothing, and gives what all took.
func (w *world) untilDone(run program) program {
	const most = 1000
	return func() (all result, err error) {
		for all.runs < most {
			r, err := run()
			if err != nil {
				return all, err
			}
			all = result{all.wall + r.wall, all.cpu + r.cpu, max(all.peak, r.peak), all.runs + 1}
			said, err := os.ReadFile(w.path("out"))
			if err != nil || !bytes.Contains(said, []byte("not read to its end")) {
				return all, err
			}
		}
		return all, fmt.Errorf("not caught up after %d runs", most)
	}
}

// caughtUp reads what a configuration names, from nothing to its end.
func (w *world) caughtUp(config string, cores int) program {
	return w.fresh(w.untilDone(w.command(cores, w.path("plugin"), "--config", config, "--state-dir", w.path("fresh"))))
}

// floor is a program that does a part of the work, see command floor.
func (w *world) floor(what, of string) program {
	return w.command(1, w.path("floor"), what, w.path(of))
}

// dayInS3 is a day of a load balancer's logs, read from nothing.
func (w *world) dayInS3(share float64) ([]row, error) {
	d := balancer.Day{Nodes: nodes, Intervals: intervals, Lines: int(objectLines * share)}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	stop, err := served.Start(&d, os.Args[0], "balancer", string(text))
	if err != nil {
		return nil, err
	}
	defer stop()
	var list strings.Builder
	for _, key := range d.Keys {
		list.WriteString(d.URL(key) + "\n")
	}
	config := w.path("day.yaml")
	if err := errors.Join(
		os.WriteFile(w.path("objects"), []byte(list.String()), 0o644),
		os.WriteFile(config, fmt.Appendf(nil, `aws: { region: us-east-1, endpoint_url: %q }
pipelines:
- name: day
  stages: [ { name: front, access_log: { s3: %q, format: alb, start: beginning } } ]
  slis: { availability: { target: 99.9 }, latency: { threshold: %gs, target: 99 } }
`, d.Endpoint, balancer.Location, balancer.Slow), 0o644)); err != nil {
		return nil, err
	}
	rows := []row{}
	for _, c := range []struct {
		name       string
		must, goal float64
		floor      program
	}{
		{"a day of ALB logs in S3, one core: processor / fetched and inflated alone", 1.7, 1.4, w.floor("inflate", "objects")},
		{"a day of ALB logs in S3, one core: processor / fetched alone", 0, 0, w.floor("fetch", "objects")},
	} {
		ratio, median, err := pairs(w.rounds, w.caughtUp(config, 1), c.floor, cpu)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{name: c.name, must: c.must, goal: c.goal, got: ratio, wall: median.wall, peak: median.peak})
	}
	ratio, median, err := pairs(w.rounds, w.caughtUp(config, 2), w.caughtUp(config, 1), wall)
	if err != nil {
		return nil, err
	}
	return append(rows,
		row{name: "a day of ALB logs in S3, two cores / one", got: ratio, wall: median.wall, peak: median.peak},
		row{name: "a day of ALB logs in S3: memory", must: 32, goal: 24, unit: " MiB", got: median.peak, peak: median.peak},
		row{name: "a day of ALB logs in S3: runs until it is read", got: float64(median.runs)},
	), nil
}

// weekOnDisk is a week of logs, a file a day, the older ones packed.
func (w *world) weekOnDisk(share float64) ([]row, error) {
	if err := os.Mkdir(w.path("week"), 0o755); err != nil {
		return nil, err
	}
	var list strings.Builder
	for day := range weekDays {
		name := "week/access.log"
		if day > 0 {
			name += fmt.Sprintf(".%d", day)
		}
		from := w.begin.Add(-time.Duration(day+1) * 24 * time.Hour)
		f, err := os.Create(w.path(name))
		if err != nil {
			return nil, err
		}
		err = errors.Join(writeLog(f, "combined", int(dayLines*share), from, 24*time.Hour), f.Close())
		if err == nil && day >= weekDays-packedDays {
			if err = w.compress(name, name+".gz"); err == nil {
				err = os.Remove(w.path(name))
			}
			name += ".gz"
		}
		if err != nil {
			return nil, err
		}
		list.WriteString(w.path(name) + "\n")
	}
	if err := os.WriteFile(w.path("days"), []byte(list.String()), 0o644); err != nil {
		return nil, err
	}
	config, err := w.configOf("week", w.path("week/access.log*"), "combined")
	if err != nil {
		return nil, err
	}
	inflated, median, err := pairs(w.rounds, w.caughtUp(config, 1), w.floor("inflate", "days"), cpu)
	if err != nil {
		return nil, err
	}
	first := row{name: "a week of nginx logs, five days packed, one core: processor / read and inflated alone", must: 2.5, goal: 2, got: inflated, wall: median.wall, peak: median.peak}
	both, median, err := pairs(w.rounds, w.caughtUp(config, 2), w.caughtUp(config, 1), wall)
	if err != nil {
		return nil, err
	}
	return []row{first,
		{name: "a week of nginx logs, two cores / one", got: both, wall: median.wall, peak: median.peak},
		{name: "a week of nginx logs: memory", must: 24, goal: 16, unit: " MiB", got: median.peak, peak: median.peak},
	}, nil
}

// weeksOfCloudWatch is a run that was the last one weeks ago. One-minute points are asked for
// as long as CloudWatch has them, which is two of these weeks.
func (w *world) weeksOfCloudWatch(share float64) ([]row, error) {
	var cloud string
	stop, err := served.Start(&cloud, os.Args[0], "cloud")
	if err != nil {
		return nil, err
	}
	defer stop()
	config := w.path("weeks.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, cloudConfig, cloud, "alb: { load_balancer: app/web/50dc6c495c0c9188 }"), 0o644); err != nil {
		return nil, err
	}
	last := time.Now().Add(-time.Duration(float64(away) * share)).UTC()
	run := w.command(1, w.path("linked"), "--config", config, "--state-dir", w.path("last"))
	at := func(when time.Time) error {
		_, err := get(cloud + "/past?at=" + url.QueryEscape(when.Format(time.RFC3339)))
		if err := errors.Join(err, os.Setenv(benchNow, when.Format(time.RFC3339))); err != nil {
			return err
		}
		_, err = run()
		_, back := get(cloud + "/past")
		return errors.Join(err, back, os.Unsetenv(benchNow))
	}
	_ = at(last) // it fails, as it knows nothing yet
	if _, err := get(cloud + "/publish?since=" + url.QueryEscape(last.Add(-time.Hour).Format(time.RFC3339))); err != nil {
		return nil, err
	}
	if err := at(last.Add(time.Minute)); err != nil {
		return nil, err
	}
	later := w.command(1, w.path("plugin"), "--config", config, "--state-dir", w.path("fresh"), "-t", "600")
	again := func() (result, error) {
		if err := errors.Join(os.RemoveAll(w.path("fresh")), os.CopyFS(w.path("fresh"), os.DirFS(w.path("last")))); err != nil {
			return result{}, err
		}
		return later()
	}
	asked, err := w.asked(cloud, again)
	if err != nil {
		return nil, err
	}
	ratio, median, err := pairs(w.rounds, again, w.floor("resend", "asked"), cpu)
	if err != nil {
		return nil, err
	}
	return []row{
		{name: "four weeks without a run, CloudWatch: processor / its round trips alone", got: ratio, wall: median.wall, peak: median.peak},
		{name: "four weeks without a run, CloudWatch: memory", must: 64, goal: 48, unit: " MiB", got: median.peak, peak: median.peak},
		{name: "four weeks without a run, CloudWatch: calls / as few as there can be", must: 1, goal: 1, got: asked},
	}, nil
}

// asked keeps what a run asks CloudWatch, and gives its calls over the fewest that can
// answer as much.
func (w *world) asked(cloud string, run program) (float64, error) {
	if _, err := get(cloud + "/sent"); err != nil { // what others asked
		return 0, err
	}
	if _, err := run(); err != nil {
		return 0, err
	}
	text, err := get(cloud + "/sent")
	if err != nil {
		return 0, err
	}
	var asked struct {
		Requests []json.RawMessage
		Calls    int
		Points   float64
	}
	if err := json.Unmarshal(text, &asked); err != nil {
		return 0, err
	}
	if asked.Points == 0 {
		return 0, errors.New("the run asked CloudWatch for nothing")
	}
	list, err := json.Marshal(asked.Requests)
	if err != nil {
		return 0, err
	}
	const most = 100_800 // points of an answer
	return float64(asked.Calls) / math.Ceil(asked.Points/most), os.WriteFile(w.path("asked"), list, 0o644)
}

func get(url string) ([]byte, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s %s", url, answer.Status, text)
	}
	return text, err
}
