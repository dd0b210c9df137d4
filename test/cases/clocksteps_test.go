package cases

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// saidShort are the ways of saying that minutes or events are missing.
var saidShort = regexp.MustCompile(`clock|skipped|not measured|ahead|future`)

// TestWhateverTheClockDoesNothingIsCountedTwiceOrVanishesInSilence: steps of seconds to years,
// both ways, for one run or for several, of the program or of the check.
func TestWhateverTheClockDoesNothingIsCountedTwiceOrVanishesInSilence(t *testing.T) {
	const minutes, perMinute, wrong = 15, 6, 6
	for name, step := range map[string]float64{
		"a second": 1, "61 seconds": 61, "ten minutes": 600, "a day": 86400, "40 days": 40 * 86400, "three years": 3 * 365 * 86400,
	} {
		for way, sign := range map[string]float64{"back": -1, "ahead": 1} {
			for who, c := range map[string]struct {
				runs  int
				check bool
			}{"a run": {1, false}, "three runs": {3, false}, "a check": {1, true}} {
				t.Run(fmt.Sprintf("%s %s %s", who, name, way), func(t *testing.T) {
					t.Parallel()
					h := newHost(t)
					h.config(oneLog("ltsv", "start: beginning", "metrics: [minimal, events, measure]\n    slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 50 }"))
					points, said := map[string]float64{}, false
					take := func(a answer) {
						for line := range strings.Lines(a.out) {
							f := strings.Split(strings.TrimSpace(line), "\t")
							value, err := strconv.ParseFloat(f[1], 64)
							if err != nil {
								t.Fatal(err)
							}
							switch f[0] {
							case "pipeline-sli.events.v.availability_valid":
								if before, again := points[f[2]]; again && before != value {
									t.Errorf("the point of %s was %v and is %v", f[2], before, value)
								}
								points[f[2]] = value
							case "pipeline-sli.measure.v.minutes_skipped":
								said = said || value > 0
							}
						}
						said = said || saidShort.MatchString(a.complaints)
					}
					for m := range minutes {
						each(float64(m)*60, float64(m)*60+60, 60/perMinute, func(n float64, _ int) {
							h.lines("a.log", "time:"+stamp(n)+"\tmethod:GET\turi:/\tstatus:200")
						})
						now := float64(m)*60 + 72
						switch off := m >= wrong && m < wrong+c.runs; {
						case off && c.check:
							h.check(now + sign*step)
							take(h.run(now, "--take"))
						case off:
							take(h.run(now+sign*step, "--take"))
						default:
							take(h.run(now, "--take"))
						}
					}
					sum := 0.0
					for _, v := range points {
						sum += v
					}
					if all := float64(minutes * perMinute); sum > all || sum < all && !said {
						t.Errorf("%v of %v lines are told, and said to be short: %v", sum, all, said)
					}
					// What was a while ago is over: the newest minutes are told whole.
					e := h.explain(minutes*60 + 12)
					if got := e.sli("availability").counts(); got != fmt.Sprintf("%d/%d", 5*perMinute, 5*perMinute) {
						t.Errorf("the window holds %s; %v", got, e.sli("availability"))
					}
				})
			}
		}
	}
}

// TestTwoHostsWhoseClocksDifferCountTheirOwn: each by its own log, whatever the other's clock.
func TestTwoHostsWhoseClocksDifferCountTheirOwn(t *testing.T) {
	for _, apart := range []float64{1, 59, 61, 3600, 40 * 86400} {
		sums := [2]float64{}
		for i := range sums {
			h := newHost(t)
			h.config(oneLog("ltsv", "start: beginning", "metrics: [events]\n    slis: { availability: { target: 99 } }"))
			off := float64(i) * apart // of this host's clock, which stamps its log as well
			for m := range 6 {
				each(float64(m)*60, float64(m)*60+60, 5, func(n float64, _ int) {
					h.lines("a.log", "time:"+stamp(n+off)+"\tmethod:GET\turi:/\tstatus:200")
				})
				if told, ok := h.metrics(float64(m)*60+72+off, "--take")["events.v.availability_valid"]; ok {
					sums[i] += amount(told)
				}
			}
		}
		if sums[0] != 60 || sums[1] < 60 || sums[1] > 71 { // the first minute isn't whole
			t.Errorf("%v s apart: %v", apart, sums)
		}
	}
}

// TestAChangeOfSummerTimeChangesNoMinute: minutes are of UTC, whatever stamps and host say.
func TestAChangeOfSummerTimeChangesNoMinute(t *testing.T) {
	for _, c := range []struct{ zone, day, from string }{
		{"Europe/Berlin", "2026-03-29", "2026-03-29T00:40:00Z"}, // 01:59 CET is followed by 03:00 CEST
		{"Europe/Berlin", "2026-10-25", "2026-10-25T00:20:00Z"}, // 02:59 CEST by 02:00 CET
		{"America/New_York", "2026-11-01", "2026-11-01T05:20:00Z"},
		{"Australia/Lord_Howe", "2026-04-04", "2026-04-04T14:40:00Z"}, // by half an hour
	} {
		t.Run(c.zone+" "+c.day, func(t *testing.T) {
			h := newHost(t)
			zone, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			from, err := time.Parse(time.RFC3339, c.from)
			if err != nil {
				t.Fatal(err)
			}
			h.zone = zone
			begin := from.Sub(noon).Seconds()
			h.config(oneLog("combined", "start: beginning", "metrics: [events]\n    slis: { availability: { target: 99 } }"))
			for m := -1; m < 90; m++ {
				for s := 0; s < 60; s += 20 {
					at := noon.Add(seconds(begin + float64(m*60+s)))
					h.lines("a.log", fmt.Sprintf(`127.0.0.1 - - [%s] "GET / HTTP/1.1" 200 1 "-" "-"`, at.In(zone).Format("02/Jan/2006:15:04:05 -0700")))
				}
				if got := h.metrics(begin+float64(m)*60+72, "--take")["events.v.availability_valid"]; got != "3" && m > 0 {
					t.Fatalf("minute %d: got %s", m, got)
				}
			}
		})
	}
}
