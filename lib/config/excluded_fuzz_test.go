package config_test

import (
	"strings"
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// FuzzExcluded: a file of exclusions or downtimes is refused without a word of it, and never with the configuration, or
// its minutes lie within those that are asked about, in time.
func FuzzExcluded(f *testing.F) {
	for _, text := range []string{
		"- { weekly: Mon-Fri 20:00-07:00, reason: night, time_zone: America/New_York }\n- { monthly: 'last,1-3 22:00-02:00', reason: x }",
		"exclude: [ { from: 2026-03-02 12:00, to: 2026-03-02T13:00:00Z, reason: x, slis: [latency] } ]",
		`{"downtimes":[{"name":"d","start":1772452800,"duration":60,"recurrence":{"type":"weekly","interval":2,"weekdays":["Monday"],"until":1872452800}}]}`,
		`{"downtimes":[{"start":1,"duration":576000,"recurrence":{"type":"hourly","interval":1}}]}`, `{"downtimes":[{"start":1099511627776,"duration":1,"recurrence":{"type":"yearly","interval":1000}}]}`,
		`{"downtimes":[{"start":1709164800,"duration":60,"recurrence":{"type":"monthly","interval":1}}]}`, "[ { weekly: hunter2 } ]", "\ufeff", "{",
	} {
		f.Add(text)
	}
	kinds := builtin.Kinds()
	to := sli.MinuteAt(time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC))
	window := sli.Window{From: to - 28*24*60, To: to}
	zone, err := time.LoadLocation("Europe/Berlin") // whose clocks are changed within the window
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		reader := config.Reader{Kinds: kinds, Zone: zone, Getenv: func(string) (string, bool) { return "", false }, ReadFile: func(string) ([]byte, error) { return []byte(text), nil }}
		c, err := reader.Read([]config.Source{{Name: "f.yaml", Text: []byte("pipelines: [ { name: v, stages: [ { name: front, access_log: { path: /a.log } } ], slis: { availability: { target: 99 } }, exclude_file: /x } ]\n")}})
		if err != nil {
			t.Fatalf("%q costs the configuration: %v", text, err)
		}
		for _, p := range c.Pipelines {
			if err := p.Plan.Unread; err != nil && strings.Contains(text, "hunter2") && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: %v", text, err)
			}
			for _, w := range p.Plan.Exclude.Of(sli.Availability, window) {
				if w.From < window.From || w.To > window.To || w.To <= w.From {
					t.Errorf("%q excludes %+v of %+v", text, w, window)
				}
			}
		}
	})
}

// FuzzTimeTyped: a time that is typed is one, and told and read as the same.
func FuzzTimeTyped(f *testing.F) {
	for _, text := range []string{"2026-03-02T12:00:00+09:00", "2026-03-29 02:30", "2026-10-25 02:30:59", "9999-12-31 23:59", "0000-01-01 00:00", "2026-03-02T12:00:00.123456789Z", "-5m", ""} {
		f.Add(text)
	}
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := config.ParseTime(text, zone)
		if err != nil {
			return
		}
		if again, err := config.ParseTime(at.UTC().Format(time.RFC3339Nano), zone); at.UTC().Year() > 0 && at.UTC().Year() < 10000 && (err != nil || !again.Equal(at)) {
			t.Errorf("%q is %v, and then %v (%v)", text, at, again, err)
		}
	})
}
