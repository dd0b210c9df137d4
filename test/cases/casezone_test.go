package cases

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// In CI the zone is another one than at the desk: minutes of a case are in the zone in which
// its at is written, and only without one in the host's.
func TestTheMinutesOfACaseAreInTheZoneOfItsInstant(t *testing.T) {
	for _, c := range []struct{ zone, at string }{
		{"UTC", "2026-03-02T12:06:30Z"},
		{"UTC", "2026-03-02T12:06:30+09:00"},
		{"Asia/Tokyo", "2026-03-02T12:06:30Z"},
		{"Asia/Tokyo", "2026-03-02T12:06:30-08:00"},
		{"Asia/Tokyo", "2026-03-02 12:06:30"},
		{"America/New_York", "2026-03-02 12:06:30"},
	} {
		h := newHost(t)
		h.zone = place(t, c.zone)
		h.config(oneLog("ltsv", "", "slis: { availability: { target: 99 } }"))
		h.file("cases.yaml", `cases:
  - name: one
    at: `+c.at+`
    given:
      - stage: front
        counts: { "12:01": {requests: 10}, "12:02": {requests: 10}, "12:03": {requests: 10, bad_requests: 5}, "12:04": {requests: 10}, "12:05": {requests: 10} }
    expect: { sli: { availability: 90 } }
`)
		if a := h.run(0, "test", h.path("cases.yaml")); a.code != 0 {
			t.Errorf("at %s in %s:\n%s%s", c.at, c.zone, a.out, a.complaints)
		}
	}
}

// The recipes' cases are shown as passing: they pass wherever they are tried.
func TestTheRecipesCasesHoldInEveryZone(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/cases.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(filepath.Dir(file), "pipeline-sli.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, zone := range []*time.Location{time.UTC, place(t, "Asia/Tokyo"), place(t, "Asia/Kolkata")} {
			h := newHost(t)
			h.zone = zone
			h.env = map[string]string{"DB_PASSWORD": "x"}
			h.config(string(text))
			if a := h.run(0, "test", file); a.code != 0 {
				t.Errorf("%s in %s:\n%s%s", file, zone, a.out, a.complaints)
			}
		}
	}
}
