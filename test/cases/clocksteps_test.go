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

// TestNoInstantOfTheCalendarIsSpecial: where seconds leave 31 and 32 bits and nanoseconds 63, a
// century without its leap day, a year's end.
func TestNoInstantOfTheCalendarIsSpecial(t *testing.T) {
	for _, instant := range []string{"2038-01-19T03:14:08Z", "2106-02-07T06:28:16Z", "2262-04-11T23:47:17Z", "2100-03-01T00:00:00Z", "1970-01-01T00:30:00Z"} {
		t.Run(instant, func(t *testing.T) {
			t.Parallel()
			at, err := time.Parse(time.RFC3339, instant)
			if err != nil {
				t.Fatal(err)
			}
			h := newHost(t)
			h.config(frontAndWorker(true, "start: beginning", "metrics: full\n    slis: { availability: { target: 99 }, freshness: { threshold: 60s, target: 99 }, coverage: { target: 99, deadline: 2m } }"))
			begin := float64(at.Truncate(time.Minute).Unix()-noon.Unix()) - 4*60
			valid, fresh := 0.0, 0.0
			for m := range 9 {
				each(float64(m)*60, float64(m)*60+60, 10, func(n float64, _ int) {
					id := fmt.Sprint("r", n)
					h.lines("front.json", request(begin+n, 200, id))
					h.lines("worker.json", worked(begin+n+2, "done", id, begin+n))
				})
				got := h.metrics(begin+float64(m)*60+75, "--take")
				for name, sum := range map[string]*float64{"events.v.availability_valid": &valid, "events.v.freshness_good": &fresh} {
					if v, ok := got[name]; ok {
						*sum += amount(v)
					}
				}
			}
			if valid != 48 || fresh != 48 { // the first minute isn't whole
				t.Errorf("%v of 48 requests, %v of 48 fresh records", valid, fresh)
			}
			now := begin + 9*60 + 12
			e := h.explain(now)
			for _, sli := range []string{"availability", "freshness"} {
				if got := e.sli(sli).counts(); !strings.HasPrefix(got, "30/30") && !strings.HasPrefix(got, "29/29") {
					t.Errorf("%s: %s", sli, got)
				}
			}
			if line := h.check(now); line != "OK: v: fresh" {
				t.Error(line)
			}
			for _, args := range [][]string{{"budget"}, {"report", "--out", h.path("page.html"), "--from", "-5m", "--to", "-1m"}, {"export", "--from", "-5m", "--to", "-1m"}, {"backtest", "--from", "-5m", "--to", "-1m"}} {
				if a := h.run(now, args...); strings.Contains(a.complaints, "error") {
					t.Errorf("%v: %s", args, a.complaints)
				}
			}
		})
	}
}

// TestAHostThatIsBootedAtTheBeginningOfTimeIsRightOnceItsClockIsSet: until then it stamps its log as it runs.
func TestAHostThatIsBootedAtTheBeginningOfTimeIsRightOnceItsClockIsSet(t *testing.T) {
	for name, boot := range map[string]string{"1970": "1970-01-01T00:00:20Z", "built": "2020-01-01T00:00:20Z"} {
		for _, known := range []bool{false, true} { // a state of before the boot
			t.Run(fmt.Sprint(name, " ", known), func(t *testing.T) {
				t.Parallel()
				h := newHost(t)
				h.config(oneLog("ltsv", "start: beginning", "metrics: [minimal, events, measure]\n    slis: { availability: { target: 99 } }\n    check: { sli: [availability], critical_ratio: 50 }"))
				points := map[string]float64{}
				minute := func(from float64) {
					each(from, from+60, 10, func(n float64, _ int) { h.lines("a.log", "time:"+stamp(n)+"\tmethod:GET\turi:/\tstatus:200") })
					for line := range strings.Lines(h.run(from+72, "--take").out) {
						f := strings.Split(strings.TrimSpace(line), "\t")
						if f[0] != "pipeline-sli.events.v.availability_valid" {
							continue
						}
						if before, again := points[f[2]]; again && before != amount(f[1]) {
							t.Errorf("the point of %s was %v and is %s", f[2], before, f[1])
						}
						points[f[2]] = amount(f[1])
					}
					h.check(from + 73)
				}
				written := 0.0
				if known {
					for m := range 5 {
						minute(float64(m-60) * 60)
						written += 6
					}
				}
				at, err := time.Parse(time.RFC3339, boot)
				if err != nil {
					t.Fatal(err)
				}
				for m := range 4 {
					minute(at.Sub(noon).Seconds() + float64(m)*60)
					written += 6
				}
				for m := range 9 { // the clock is set
					minute(float64(m) * 60)
					written += 6
				}
				told := 0.0
				for _, v := range points {
					told += v
				}
				if told > written {
					t.Errorf("%v of %v lines are told", told, written)
				}
				if got := h.explain(9*60 + 12).sli("availability").counts(); got != "30/30" {
					t.Errorf("the window holds %s", got)
				}
				if line := h.check(9*60 + 13); !strings.Contains(line, "OK") {
					t.Error(line)
				}
			})
		}
	}
}

// TestARotationInARepeatedHourChangesNoMinute: stamps without a zone, a file that begins in the
// hour, while it is there for the second time or after it, and a clock that is set back a little at that moment.
func TestARotationInARepeatedHourChangesNoMinute(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	const minutes = 70
	begin := time.Date(2026, 10, 25, 0, 55, 0, 0, time.UTC).Sub(noon).Seconds() // 02:55 CEST; in five minutes it is 02:00 CET
	for rotated, back := range map[int]float64{3: 0, 4: 45, 5: 0, 30: 1.5, 64: 0} {
		t.Run(fmt.Sprint(rotated, " ", back), func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			h.zone = zone
			h.config(oneLog("ltsv", "start: beginning", "metrics: [events]\n    slis: { availability: { target: 99 } }"))
			write := func(n float64) {
				h.lines("a.log", "time:"+noonPlus(begin+n).In(zone).Format("2006-01-02T15:04:05")+"\tmethod:GET\turi:/\tstatus:200")
			}
			points := map[string]float64{}
			for m := range minutes {
				each(float64(m)*60, float64(m)*60+60, 20, func(n float64, _ int) { write(n) })
				now := begin + float64(m)*60 + 61
				if m == rotated {
					h.rename("a.log", "a.log.1")
					write(float64(m)*60 + 60)
					now -= back
				}
				for line := range strings.Lines(h.run(now, "--take").out) {
					if f := strings.Split(strings.TrimSpace(line), "\t"); f[0] == "pipeline-sli.events.v.availability_valid" {
						points[f[2]] = amount(f[1])
					}
				}
			}
			sum := 0.0
			for _, v := range points {
				sum += v
			}
			if sum != (minutes-2)*3+1 { // the first minute isn't whole, the last one not due
				t.Errorf("%v lines of %d", sum, (minutes-2)*3+1)
			}
		})
	}
}
