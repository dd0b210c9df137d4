package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/cli"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// cutShort is a source whose readings come to no end in time: what is of the last minutes
// stays unread.
type cutShort struct {
	sli.Source
	by time.Duration
}

func (c cutShort) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	now, end := ask.Now, ask.Now.Add(-c.by)
	emit, count := ask.Emit, ask.Count
	ask.Emit = func(e *sli.Event) {
		if e.Time < end.UnixMicro() {
			emit(e)
		}
	}
	ask.Count = func(m sli.Minute, t sli.Tally) {
		if m < sli.MinuteAt(end) {
			count(m, t)
		}
	}
	b, err := c.Source.Read(ctx, ask, cursor)
	if c.by > 0 && b.To.Equal(now) {
		b.To, b.Warnings = end, append(b.Warnings, "not read to its end in time")
	}
	return b, err
}

// TestDoctorCallsNoLogWellThatWasReadInPart: of lines that nobody has seen nothing is known,
// and what can't be read of those that were seen is a fault all the same.
func TestDoctorCallsNoLogWellThatWasReadInPart(t *testing.T) {
	for _, c := range []struct {
		name string
		by   time.Duration
		odd  int // so many seconds of a minute have a line that can't be read
		code int
		says []string
		not  string
	}{
		{"all of it", 0, 0, 0, []string{"ok     video/front (access_log LOG): 300 lines in the window, all can be read", "ok     video availability: 98.33%"}, "so far"},
		{"most of it", 100 * time.Second, 0, 0, []string{"note   video/front (access_log LOG): answers, but so far for 3 of the window's 5 minutes: 180 lines, all can be read, format ltsv",
			"note   video/front (access_log LOG): not read to its end in time", "ok     video availability: 98.33%"}, "ok     video/front"},
		{"the least of it", 220 * time.Second, 0, 0, []string{"note   video/front (access_log LOG): answers, but so far for 1 of the window's 5 minutes: 60 lines",
			"note   video availability: not measured: 1 of 5 minutes"}, "FAILED"},
		{"nothing of the window", 400 * time.Second, 0, 0, []string{"note   video/front (access_log LOG): answers, but so far for 0 of the window's 5 minutes",
			"note   video availability: not measured"}, "FAILED"},
		{"a part, with bad lines", 100 * time.Second, 3, 0, []string{"note   video/front (access_log LOG): 95% of 180 lines can be read"}, "ok     video/front"},
		{"a part, too bad", 100 * time.Second, 15, 1, []string{"FAILED video/front (access_log LOG): 75% of 180 lines can be read"}, "are well"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHost(t)
			h.config(strings.Replace(minimal, "latency: { threshold: 500ms, target: 99 }", "", 1))
			log := h.steady()
			for s := range c.odd {
				second := time.Duration(s+31) * time.Second
				for at := h.now.Truncate(time.Minute).Add(-8*time.Minute + second); at.Before(h.now); at = at.Add(time.Minute) {
					log = strings.Replace(log, "time:"+at.Format(time.RFC3339), "odd", 1)
				}
			}
			h.file("access.log", log)
			var out, complaints bytes.Buffer
			env := h.environment([]string{"--config", h.path("c.yaml"), "--state-dir", h.path("state"), "doctor"}, &out, &complaints)
			kind := env.Kinds["access_log"]
			whole := kind.New
			kind.New = func(n *section.Node, around config.StageContext) (config.Evidence, error) {
				evidence, err := whole(n, around)
				if err != nil {
					return nil, err
				}
				return cutShort{evidence.(sli.Source), c.by}, nil
			}
			env.Kinds["access_log"] = kind
			code := cli.Main(env)
			said := strings.ReplaceAll(out.String(), h.path("access.log"), "LOG")
			if code != c.code || complaints.Len() > 0 {
				t.Errorf("exit %d, want %d; %s", code, c.code, complaints.String())
			}
			for _, want := range c.says {
				if !strings.Contains(said, want) {
					t.Errorf("no %q", want)
				}
			}
			if strings.Contains(said, c.not) {
				t.Errorf("%q is said", c.not)
			}
			if t.Failed() {
				t.Log("\n" + said)
			}
		})
	}
}
