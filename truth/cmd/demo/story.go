package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/truth/judge"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// story is a scenario with its trouble, in the script's words.
type story struct {
	scenario sim.Scenario
	script   string
	why      string // how it could have been found
}

// begins is when the hour does.
var begins = judge.Hour(0).Start

// tale is the demonstration: three kinds of trouble.
func tale() story {
	return story{scenario: judge.Hour(1), script: `+10m-+18m worker slow x6
+28m consumer stopped
+38m consumer resumed
+48m-+54m front errors 12%`}
}

// cause is the drill of a seed.
func cause(seed uint64) story {
	rng := rand.New(rand.NewPCG(seed, 0xd711))
	all := judge.Troubles()
	t := all[rng.IntN(len(all))]
	from := 12 + rng.IntN(15)
	to := from + 10 + rng.IntN(18)
	return story{scenario: judge.Hour(seed), script: fmt.Sprintf("+%dm-+%dm %s", from, to, t.Script), why: t.Why}
}

// reveal says what had happened, with clock times.
func (s story) reveal() string {
	var b strings.Builder
	for line := range strings.Lines(s.script) {
		when, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		from, to, interval := strings.Cut(when, "-")
		b.WriteString(clock(from))
		if interval {
			b.WriteString("–" + clock(to))
		}
		b.WriteString("  " + what + "\n")
	}
	if s.why != "" {
		b.WriteString("\nHow it could be found: " + s.why + ".\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// clock turns +12m into 10:12.
func clock(word string) string {
	d, err := time.ParseDuration(strings.TrimPrefix(word, "+"))
	if err != nil {
		return word
	}
	return begins.Add(d).Format("15:04")
}
