package indicator

import (
	"testing"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

func TestEverySLIAsksInEveryLanguage(t *testing.T) {
	for _, s := range All {
		if s.Question.En == "" || s.Question.Ja == "" {
			t.Errorf("%s: its question lacks a language: %+v", s.Kind, s.Question)
		}
	}
}

// front, queue and worker, with records that are followed by their ids.
func async() *sli.Plan {
	return &sli.Plan{Window: 5 * time.Minute, Stages: []sli.Stage{
		{Name: "web", Kind: "access_log", Facts: sli.Facts{Signals: []sli.Signal{sli.Request, sli.Accepted}, Latency: true}},
		{Name: "queue", Kind: "sqs", Facts: sli.Facts{Signals: []sli.Signal{sli.Accepted}, Role: sli.Queue, Levels: []string{"age"}}},
		{Name: "work", Kind: "app_log", Facts: sli.Facts{Signals: []sli.Signal{sli.Done, sli.Dropped}, Delay: true}},
	}}
}

// What an SLI builds on is found before it, whatever the order in which they are shown.
func TestAnSLIFindsWhatItBuildsOnFirst(t *testing.T) {
	p := async()
	unfit := Resolve(p, Configured{
		sli.Availability: &Availability{Target: 99, From: "delivered", AbortLimit: section.Duration(3 * time.Second)},
		sli.Latency:      &Latency{Target: 99, Threshold: section.UnitDuration(time.Second)},
		sli.Freshness:    &Freshness{Target: 99, Threshold: section.Duration(2 * time.Minute)},
		sli.Coverage:     &Coverage{Target: 99},
	})
	if unfit != nil {
		t.Fatal(unfit[0])
	}
	for _, kind := range []sli.Kind{sli.Availability, sli.Coverage} {
		if got := p.Rule(kind).Terms.Deadline; got != 10*time.Minute {
			t.Errorf("%s: deadline %v, want five times the freshness threshold", kind, got)
		}
	}
	if got := p.Rule(sli.Latency).Terms.AbortLimit; got != 3*time.Second {
		t.Errorf("latency: abort limit %v, want availability's", got)
	}
	for i, kind := range []sli.Kind{sli.Availability, sli.Latency, sli.Freshness, sli.Coverage} {
		if p.Rules[i].Kind != kind {
			t.Errorf("rule %d is %s, want %s", i, p.Rules[i].Kind, kind)
		}
	}
}

// A window that is given differs from none, also where it is what the pipeline has.
func TestAGivenWindowIsKept(t *testing.T) {
	for given, want := range map[time.Duration]time.Duration{0: time.Hour, 5 * time.Minute: 5 * time.Minute, 20 * time.Minute: 20 * time.Minute} {
		p := async()
		if unfit := Resolve(p, Configured{sli.Coverage: &Coverage{Target: 99, From: "counts", Window: section.Duration(given)}}); unfit != nil {
			t.Fatal(unfit[0])
		}
		if got := p.Rules[0].Window; got != want {
			t.Errorf("window %v: %v, want %v", given, got, want)
		}
	}
}

// One rule's options stay as they were given: found twice, they say the same.
func TestResolvingChangesNoOptions(t *testing.T) {
	given := Configured{
		sli.Availability: &Availability{Target: 99, From: "front"},
		sli.Latency:      &Latency{Target: 95, Threshold: section.UnitDuration(time.Second)},
		sli.Freshness:    &Freshness{Target: 99, Threshold: section.Duration(time.Minute)},
		sli.Coverage:     &Coverage{Target: 99},
	}
	var first []string
	for round := range 2 {
		p := async()
		if unfit := Resolve(p, given); unfit != nil {
			t.Fatal(unfit[0])
		}
		for i, r := range p.All() {
			said := p.Fingerprint(r) + " " + r.Window.String()
			if round == 0 {
				first = append(first, said)
			} else if said != first[i] {
				t.Errorf("second time: %s, first: %s", said, first[i])
			}
		}
	}
}

// What a method is called is a word of from:, and stands beside the chosen one under it.
func TestOtherMethodsStandBesideTheChosen(t *testing.T) {
	p := async()
	if unfit := Resolve(p, Configured{sli.Freshness: &Freshness{Target: 99, Threshold: section.Duration(2 * time.Minute)}}); unfit != nil {
		t.Fatal(unfit[0])
	}
	var beside []string
	for _, r := range p.Alternatives {
		beside = append(beside, string(r.Kind))
	}
	if got := p.Rules[0].Method; got != "records" || len(beside) != 2 || beside[0] != "freshness_age" || beside[1] != "freshness_flow" {
		t.Errorf("chosen %s, beside it %v", got, beside)
	}
}
