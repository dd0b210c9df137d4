package sim

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFaultScriptSaysWhatHappensWhen(t *testing.T) {
	at := func(h, m int) Instant { return At(day.Truncate(24*3600e9)) + Instant(h*60+m)*minute }
	for _, c := range []struct {
		script string
		want   Fault
	}{
		{"10:00-10:05 worker slow x5", Fault{Kind: WorkerSlow, From: at(10, 0), To: at(10, 5), Number: -1, Factor: 5}},
		{"10:20 consumer stopped", Fault{Kind: ConsumerStopped, From: at(10, 20), To: Never, Number: -1}},
		{"10:20 consumer stopped\n10:40 consumer resumed", Fault{Kind: ConsumerStopped, From: at(10, 20), To: at(10, 40), Number: -1}},
		{"10:30-10:31 shard 3 poison record", Fault{Kind: PoisonRecord, From: at(10, 30), To: at(10, 31), Number: 3}},
		{"10:10-10:20 shard 2 silent", Fault{Kind: ShardSilent, From: at(10, 10), To: at(10, 20), Number: 2}},
		{"errors 3%", Fault{Kind: Errors, From: always, To: Never, Number: -1, Share: 0.03}},
		{"front errors 20%", Fault{Kind: FrontErrors, From: always, To: Never, Number: -1, Share: 0.2}},
		{"results lost 1%", Fault{Kind: ResultsLost, From: always, To: Never, Number: -1, Share: 0.01}},
		{"results wrong 0.5%", Fault{Kind: ResultsWrong, From: always, To: Never, Number: -1, Share: 0.005}},
		{"results duplicate", Fault{Kind: ResultsDuplicate, From: always, To: Never, Number: -1, Share: 1}},
		{"results duplicate 10%", Fault{Kind: ResultsDuplicate, From: always, To: Never, Number: -1, Share: 0.1}},
		{"throttled to 2", Fault{Kind: ThrottledTo, From: always, To: Never, Number: 2}},
		{"clock skew front +30s", Fault{Kind: SkewFront, From: always, To: Never, Number: -1, Delay: 30 * second}},
		{"clock skew front 1 -2s", Fault{Kind: SkewFront, From: always, To: Never, Number: 1, Delay: -2 * second}},
		{"+12m log rotated # now", Fault{Kind: LogRotated, From: at(10, 12), To: Never, Number: -1}},
		{"+90s-+3m metrics late +10m", Fault{Kind: MetricsLate, From: at(10, 1) + 30*second, To: at(10, 3), Number: -1, Delay: 10 * minute}},
		{"24:10 store down", Fault{Kind: StoreDown, From: at(24, 10), To: Never, Number: -1}},
		{"10:00:30-10:01 no healthy target", Fault{Kind: NoHealthyTarget, From: at(10, 0) + 30*second, To: at(10, 1), Number: -1}},
		{"front down", Fault{Kind: FrontDown, From: always, To: Never, Number: -1}},
		{"no traffic", Fault{Kind: TrafficTimes, From: always, To: Never, Number: -1}},
	} {
		got, err := ParseFaults("\n"+c.script, day)
		c.want.Line = 2
		if err != nil {
			t.Errorf("%s: %v", c.script, err)
		} else if diff := cmp.Diff([]Fault{c.want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.script, diff)
		}
	}
}

func TestFaultScriptRefusesWhatItCannotMean(t *testing.T) {
	for script, want := range map[string]string{
		"worker slower x5":                      `unknown fault "worker slower x5"`,
		"10:00":                                 `unknown fault ""`,
		"worker slow 5":                         `factor must be like x5, got "5"`,
		"worker slow x-1":                       `factor must be like x5, got "x-1"`,
		"worker slow xNaN":                      `factor must be like x5, got "xNaN"`,
		"errors 3":                              `share must be 0% to 100%, got "3"`,
		"errors 101%":                           `share must be 0% to 100%, got "101%"`,
		"throttled to -1":                       `number must be 0, 1, 2, …, got "-1"`,
		"clock skew front 30s":                  `time must be signed, like +30s, got "30s"`,
		"metrics late -10m":                     `time must be signed, like +30s, got "-10m"`,
		"10:61 store down":                      `time must be like 10:20, 10:20:30 or +12m, got "10:61"`,
		"10:5 store down":                       `got "10:5"`,
		"10:00-09:00 store down":                `interval "10:00-09:00" ends before it begins`,
		"+1x store down":                        `got "+1x"`,
		"log rotated":                           "takes one instant",
		"10:00-10:05 log rotated":               "takes one instant",
		"shard 1 poison record":                 "needs a time",
		"10:40 consumer resumed":                "no open `consumer stopped` stands before it",
		"store down\n\n  10:00 cosmic ray hits": "fault line 3: unknown fault",
	} {
		_, err := ParseFaults(script, day)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", script, err, want)
		}
	}
}

func FuzzParseFaults(f *testing.F) {
	f.Add("10:00-10:05 worker slow x5\n+1m shard 2 silent")
	f.Fuzz(func(t *testing.T, script string) {
		list, err := ParseFaults(script, day)
		for _, fault := range list {
			if err != nil || fault.To <= fault.From || fault.Share < 0 || fault.Share > 1 {
				t.Fatalf("%q: %+v, %v", script, fault, err)
			}
		}
	})
}

func TestScenarioRefusesFaultsOutsideItself(t *testing.T) {
	for script, want := range map[string]string{
		"12:00 store down":       "outside the scenario",
		"09:59 store down":       "outside the scenario",
		"shard 4 silent":         "shard 4 does not exist, shards are 0 to 3",
		"clock skew front 7 +1s": "front task 7 does not exist",
	} {
		list, err := ParseFaults(script, day)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Run(Scenario{Start: day, Length: 3600e9, Faults: list})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", script, err, want)
		}
	}
}
