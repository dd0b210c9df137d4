package config

import (
	"fmt"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// ParseTime reads a point in time as people type it: RFC 3339, or `2026-11-22 12:00`
// with or without seconds in the zone.
func ParseTime(text string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("must be a time like 2026-11-22T12:00:00+09:00 or 2026-11-22 12:00 (got %q)", text)
}

var weekdays = map[string]time.Weekday{
	"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday,
	"thu": time.Thursday, "fri": time.Friday, "sat": time.Saturday,
}

// weekly reads `Sun 02:00-04:00`; a stretch that ends before it begins passes midnight.
func (b *builder) weekly(e exclude) (*sli.Weekly, error) {
	w := &sli.Weekly{Zone: b.reader.Zone}
	if e.TimeZone != "" {
		zone, err := time.LoadLocation(e.TimeZone)
		if err != nil {
			return nil, fmt.Errorf("time_zone: must be a name like Asia/Tokyo (got %q)", e.TimeZone)
		}
		w.Zone = zone
	}
	day, hours, _ := strings.Cut(e.Weekly, " ")
	from, to, ok := strings.Cut(hours, "-")
	weekday, known := weekdays[strings.ToLower(day)]
	start, err1 := time.Parse("15:04", from)
	end, err2 := time.Parse("15:04", to)
	if !ok || !known || err1 != nil || err2 != nil {
		return nil, fmt.Errorf("weekly: must be like Sun 02:00-04:00 (got %q)", e.Weekly)
	}
	midnight := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	w.Day, w.From, w.To = weekday, start.Sub(midnight), end.Sub(midnight)
	if w.To <= w.From {
		w.To += 24 * time.Hour
	}
	return w, nil
}
