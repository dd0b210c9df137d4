package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// ParseTime reads a point in time as people type it: RFC 3339, or `2026-11-22 12:00` in
// the zone; a T or a blank between, with or without seconds.
func ParseTime(text string, zone *time.Location) (time.Time, error) {
	plain := strings.Replace(text, " ", "T", 1)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, plain, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("must be a time like 2026-11-22T12:00:00+09:00 or 2026-11-22 12:00 (got %q)", text)
}

// defaultPeriod is what budgets speak of unless said otherwise.
const defaultPeriod = 28 * 24 * time.Hour

// periods reads `slo:`.
func (b *builder) periods() {
	s := b.from.SLO
	b.plan.Period = defaultPeriod
	periods := s.Periods
	switch _, given := b.at("slo").Get("period"); {
	case given && len(periods) > 0:
		b.refuse(b.at("slo", "period").Errorf("leave it out", "is short for periods with one entry, and doesn't go with periods"))
	case given:
		periods = []section.Duration{s.Period}
	}
	seen := map[time.Duration]bool{}
	for i, length := range periods {
		d := time.Duration(length)
		if seen[d] {
			b.refuse(b.at("slo", "periods").Errorf("", "each period once (got %s twice)", length))
		}
		if seen[d] = true; i == 0 {
			b.plan.Period = d
			continue
		}
		b.plan.Further = append(b.plan.Further, d)
	}
	zone, err := b.reader.zone(s.TimeZone)
	if err != nil {
		b.refuse(b.at("slo", "time_zone").Errorf("", "must be a name like Asia/Tokyo"))
	}
	if s.Month {
		b.plan.Month = zone
	}
}

// zone is a zone by its name, the host's where there is none.
func (r Reader) zone(name string) (*time.Location, error) {
	if name == "" {
		return r.Zone, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time_zone: must be a name like Asia/Tokyo (got %q)", name)
	}
	return zone, nil
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// weekly reads `Mon-Fri 20:00-07:00`.
func (b *builder) weekly(e exclude) (*sli.Recurring, error) {
	days, hours, _ := strings.Cut(e.Weekly, " ")
	r, ok := hoursOf(hours)
	for _, word := range strings.Split(days, ",") {
		first, last, isRange := strings.Cut(word, "-")
		from, to := weekday(first), weekday(first)
		if isRange {
			to = weekday(last)
		}
		if ok = ok && from >= 0 && to >= 0; !ok {
			return nil, fmt.Errorf("weekly: must be like Sun 02:00-04:00 or Mon-Fri 20:00-07:00 (got %q)", e.Weekly)
		}
		for d := from; ; d = (d + 1) % 7 {
			r.Weekdays = append(r.Weekdays, time.Weekday(d))
			if d == to {
				break
			}
		}
	}
	return b.inZone(r, e)
}

// weekday is a day by its name or the first three letters of it, -1 for none.
func weekday(word string) int {
	word = strings.ToLower(word)
	for d := range weekdays {
		if word == weekdays[d] || word == strings.ToLower(time.Weekday(d).String()) {
			return d
		}
	}
	return -1
}

// monthly reads `1 02:00-04:00`, where `last` is the last day of a month.
func (b *builder) monthly(e exclude) (*sli.Recurring, error) {
	days, hours, _ := strings.Cut(e.Monthly, " ")
	r, ok := hoursOf(hours)
	for _, word := range strings.Split(days, ",") {
		first, last, isRange := strings.Cut(word, "-")
		from, ok1 := monthday(first)
		to, ok2 := from, true
		if isRange {
			to, ok2 = monthday(last)
		}
		if to == 0 && isRange {
			r.Monthdays, to = append(r.Monthdays, 0), 31
		}
		if ok = ok && ok1 && ok2 && from <= to && (from > 0 || !isRange); !ok {
			return nil, fmt.Errorf("monthly: must be like 1 02:00-04:00 or last 22:00-02:00 (got %q)", e.Monthly)
		}
		for d := from; d <= to; d++ {
			r.Monthdays = append(r.Monthdays, d)
		}
	}
	return b.inZone(r, e)
}

// monthday is a day of a month, 0 for the last.
func monthday(word string) (int, bool) {
	if strings.EqualFold(word, "last") {
		return 0, true
	}
	d, err := strconv.Atoi(word)
	return d, err == nil && 1 <= d && d <= 31
}

// hoursOf reads `02:00-04:00`; a stretch that ends before it begins passes midnight.
func hoursOf(text string) (*sli.Recurring, bool) {
	from, to, ok := strings.Cut(strings.TrimSpace(text), "-")
	start, ok1 := clock(from)
	end, ok2 := clock(to)
	if end <= start {
		end += 24 * time.Hour
	}
	return &sli.Recurring{From: start, To: end}, ok && ok1 && ok2 && start < 24*time.Hour
}

// clock reads a time of day, up to 24:00, as what has passed since midnight.
func clock(text string) (time.Duration, bool) {
	if text == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", text)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, err == nil
}

func (b *builder) inZone(r *sli.Recurring, e exclude) (*sli.Recurring, error) {
	zone, err := b.reader.zone(e.TimeZone)
	r.Zone = zone
	return r, err
}
