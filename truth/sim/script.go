package sim

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// phrases are the sentences of the fault language. A word in angle brackets
// is a value; one in square brackets may be left out.
var phrases = []struct {
	words []string
	kind  Kind
	when  when
}{
	{strings.Fields("worker slow <factor>"), WorkerSlow, anyTime},
	{strings.Fields("front slow <factor>"), FrontSlow, anyTime},
	{strings.Fields("traffic <factor>"), TrafficTimes, anyTime},
	{strings.Fields("no traffic"), TrafficTimes, anyTime},
	{strings.Fields("consumer stopped"), ConsumerStopped, anyTime},
	{strings.Fields("consumer resumed"), 0, instantOnly},
	{strings.Fields("shard <number> poison record"), PoisonRecord, someTime},
	{strings.Fields("shard <number> silent"), ShardSilent, anyTime},
	{strings.Fields("errors <share>"), Errors, anyTime},
	{strings.Fields("front errors <share>"), FrontErrors, anyTime},
	{strings.Fields("results lost <share>"), ResultsLost, anyTime},
	{strings.Fields("results wrong <share>"), ResultsWrong, anyTime},
	{strings.Fields("results duplicate [share]"), ResultsDuplicate, anyTime},
	{strings.Fields("throttled to <number>"), ThrottledTo, anyTime},
	{strings.Fields("clock skew front [number] <delay>"), SkewFront, anyTime},
	{strings.Fields("clock skew worker <delay>"), SkewWorker, anyTime},
	{strings.Fields("log rotated"), LogRotated, instantOnly},
	{strings.Fields("log truncated"), LogTruncated, instantOnly},
	{strings.Fields("metrics late <delay>"), MetricsLate, anyTime},
	{strings.Fields("store down"), StoreDown, anyTime},
	{strings.Fields("store throttled"), StoreThrottled, anyTime},
	{strings.Fields("front down"), FrontDown, anyTime},
	{strings.Fields("no healthy target"), NoHealthyTarget, anyTime},
	{strings.Fields("hot key <share>"), HotKey, anyTime},
}

// when says which times a phrase takes.
type when uint8

const (
	anyTime     when = iota // none, an instant (from then on) or an interval
	someTime                // an instant or an interval
	instantOnly             // an instant
)

// ParseFaults reads a fault script: one fault a line, `#` begins a comment.
//
//	10:00-10:05 worker slow x5     an interval
//	10:20 consumer stopped         from then on (until `consumer resumed`)
//	+12m log rotated               after the start
//	errors 3%                      always
//
// Clock times are UTC on the day of start and may run on past 24:00, up to
// 1439:59. An error names the line, the rule and what was written.
func ParseFaults(script string, start time.Time) ([]Fault, error) {
	var list []Fault
	for n, line := range strings.Split(script, "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		f := Fault{From: always, To: Never, Number: -1, Line: n + 1}
		resumed, err := f.parse(words, start)
		if err == nil && resumed {
			err = resume(list, f.From)
		} else if err == nil {
			list = append(list, f)
		}
		if err != nil {
			return nil, fmt.Errorf("fault line %d: %w", n+1, err)
		}
	}
	return list, nil
}

// resume ends the consumer's stop that is still open.
func resume(list []Fault, at Instant) error {
	for i := range list {
		if f := &list[i]; f.Kind == ConsumerStopped && f.To == Never && f.From < at {
			f.To = at
			return nil
		}
	}
	return fmt.Errorf("consumer resumed at %s, but no open `consumer stopped` stands before it", clock(at))
}

func (f *Fault) parse(words []string, start time.Time) (resumed bool, err error) {
	timed, interval := false, false
	if c := words[0][0]; c == '+' || c >= '0' && c <= '9' {
		timed = true
		if interval, err = f.parseTimes(words[0], start); err != nil {
			return false, err
		}
		words = words[1:]
	}
	for _, p := range phrases {
		f.Kind = p.kind
		matched, err := f.match(p.words, words)
		if !matched {
			continue
		}
		switch text := strings.Join(p.words, " "); {
		case err != nil:
			return false, fmt.Errorf("`%s`: %w", text, err)
		case p.when == instantOnly && (interval || !timed):
			return false, fmt.Errorf("`%s` takes one instant, like 10:20 or +12m", text)
		case p.when == someTime && !timed:
			return false, fmt.Errorf("`%s` needs a time, like 10:30 or 10:30-10:31", text)
		}
		if p.kind == ResultsDuplicate && len(words) == 2 {
			f.Share = 1
		}
		return p.kind == 0, nil
	}
	return false, fmt.Errorf("unknown fault %q; known are %s", strings.Join(words, " "), known())
}

func known() string {
	var all []string
	for _, p := range phrases {
		all = append(all, "`"+strings.Join(p.words, " ")+"`")
	}
	return strings.Join(all, ", ")
}

// match tells whether the words follow the pattern, and takes their values.
// It is an error when they do but a value is impossible.
func (f *Fault) match(pattern, words []string) (bool, error) {
	if len(words) == len(pattern)-1 { // drop an optional word
		for i, p := range pattern {
			if p[0] == '[' {
				pattern = append(append([]string{}, pattern[:i]...), pattern[i+1:]...)
				break
			}
		}
	}
	if len(words) != len(pattern) {
		return false, nil
	}
	for i, p := range pattern {
		if p[0] != '<' && p[0] != '[' && p != words[i] {
			return false, nil
		}
	}
	for i, p := range pattern {
		if err := f.value(strings.Trim(p, "<>[]"), p[0] == '<' || p[0] == '[', words[i]); err != nil {
			return true, err
		}
	}
	return true, nil
}

func (f *Fault) value(name string, isValue bool, word string) (err error) {
	if !isValue {
		return nil
	}
	switch name {
	case "factor":
		number, ok := strings.CutPrefix(word, "x")
		if f.Factor, err = strconv.ParseFloat(number, 64); !ok || err != nil || !(f.Factor >= 0) || math.IsInf(f.Factor, 0) {
			return fmt.Errorf("factor must be like x5, got %q", word)
		}
	case "share":
		number, ok := strings.CutSuffix(word, "%")
		if f.Share, err = strconv.ParseFloat(number, 64); !ok || err != nil || !(f.Share >= 0 && f.Share <= 100) {
			return fmt.Errorf("share must be 0%% to 100%%, got %q", word)
		}
		f.Share /= 100
	case "number":
		if f.Number, err = strconv.Atoi(word); err != nil || f.Number < 0 {
			return fmt.Errorf("number must be 0, 1, 2, …, got %q", word)
		}
	case "delay":
		d, err := time.ParseDuration(word)
		if err != nil || word[0] != '+' && word[0] != '-' || f.Kind == MetricsLate && d < 0 {
			return fmt.Errorf("time must be signed, like +30s, got %q", word)
		}
		f.Delay = span(d)
	}
	return nil
}

func (f *Fault) parseTimes(word string, start time.Time) (interval bool, err error) {
	from, to, interval := strings.Cut(word, "-")
	if f.From, err = parseTime(from, start); err != nil || !interval {
		return false, err
	}
	if f.To, err = parseTime(to, start); err != nil {
		return true, err
	}
	if f.To <= f.From {
		return true, fmt.Errorf("interval %q ends before it begins; past midnight goes on as 24:10", word)
	}
	return true, nil
}

func parseTime(word string, start time.Time) (Instant, error) {
	if after, ok := strings.CutPrefix(word, "+"); ok {
		d, err := time.ParseDuration(after)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("time after the start must be like +12m, got %q", word)
		}
		return At(start.Add(d)), nil
	}
	bad := fmt.Errorf("time must be like 10:20, 10:20:30 or +12m, got %q", word)
	parts := strings.Split(word, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, bad
	}
	seconds := 0
	for i, limit := range []int{1440, 60, 60}[:len(parts)] {
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < 0 || n >= limit || i > 0 && len(parts[i]) != 2 {
			return 0, bad
		}
		seconds += n * []int{3600, 60, 1}[i]
	}
	day := start.UTC().Truncate(24 * time.Hour)
	return At(day.Add(time.Duration(seconds) * time.Second)), nil
}
