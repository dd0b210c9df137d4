package loglines

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// answer says what the reading covers.
func (r *reading) answer(ctx context.Context, got fed) (Answer, error) {
	a := Answer{Cursor: got.cursor, Bytes: got.Bytes, Calls: got.calls, FirstBad: r.firstBad, Lacks: r.lacks, Looked: got.looked, Lost: int64(len(got.Lost))}
	a.Warnings = append(append(a.Warnings, got.Warnings...), got.Lost...)
	newestDue := minuteOf(r.ask.Now.Add(-r.log.Settle()).UnixMicro()) - 1
	for log, f := range r.files {
		if len(f.ahead) > 1 {
			a.Ahead = append(a.Ahead, f.ahead...)
		}
		r.conclude(f)
		r.flush(f)
		if f.waiting != (Count{}) {
			f.count, f.waiting, f.minute = f.waiting, Count{}, newestDue
			if now := r.ask.Now.UnixMicro(); f.count.Skewed > 0 && (f.latest >= now || f.later) { // nothing need be missing up to now
				f.minute = minuteOf(now)
			}
			r.flush(f)
		}
		a.Layout = layout(f.note.Scan)
		zoneless := f.zoneless || f.scanner != nil && f.scanner.Zoneless()
		a.Zoneless = a.Zoneless || zoneless
		if zoneless && !f.later && !got.paused {
			a.Warnings = append(a.Warnings, misread(f, log.Mtime)...)
		}
	}
	slices.Sort(a.Ahead)
	if a.Unanswered = got.failed; a.Unanswered == nil {
		a.Unanswered = unrecognised(got.notes)
	}
	a.To = r.until(got)
	if got.failed != nil || !r.ask.Final && (a.Unanswered != nil || len(got.broken) > 0) {
		a.To = time.Time{} // counted, but an answer for no minute
	}
	if len(got.broken) > 0 && got.failed == nil {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%s: its file is gone, and the one that follows has no line yet: what is written meanwhile is unknown, and not measured", strings.Join(got.broken, ", ")))
	}
	a.Paused = got.paused || over(ctx) || !got.reached.IsZero()
	a.From, a.Resumed = r.from(a.To, got), r.resumed(got)
	return a, nil
}

// misread doubts the zone of a file whose newest line isn't stamped as it was written.
func misread(f *fileReading, written time.Time) []string {
	newest := f.latest
	if len(f.ahead) > 0 {
		newest = slices.Max(f.ahead)*int64(time.Minute/time.Microsecond) + int64(30*time.Second/time.Microsecond)
	}
	off := ofZones(written.Sub(time.UnixMicro(newest)))
	if newest == 0 || off == 0 {
		return nil
	}
	text := "%s: its newest line is stamped %s before it was written; say time_zone: if its stamps are of another zone"
	if off < 0 {
		text = "%s: its newest line is stamped %s after it was written; say time_zone: if its stamps are of another zone"
	}
	return []string{fmt.Sprintf(text, f.path, section.Duration(off.Abs()))}
}

// ofZones is by what two zones may differ, in quarters of an hour, where that is how far
// apart a file's last writing and its newest stamp are, but for what a writer may hold back;
// else 0.
func ofZones(apart time.Duration) time.Duration {
	const quarter, least, most, slack = 15 * time.Minute, 30 * time.Minute, 26 * time.Hour, time.Minute
	if off := apart.Round(quarter); off.Abs() >= least && off.Abs() <= most && (apart-off).Abs() <= slack {
		return off
	}
	return 0
}

// over tells whether the reading's time is.
func over(ctx context.Context) bool { return ctx.Err() != nil }

// unrecognised is an error when one of the files never had a line that could be read.
func unrecognised(notes []feed.Note) error {
	for _, kept := range notes {
		if kept.Held == nil && !bytes.Contains(kept.Text, []byte(`"bad":`)) {
			continue // as thousands may be
		}
		if n := noteOf(kept); !n.Read && n.Bad != "" {
			return errors.New("no line can be read; the first is " + n.Bad)
		}
	}
	return nil
}

func noteOf(kept feed.Note) note {
	if held, ok := kept.Held.(*note); ok {
		return *held
	}
	var n note
	// A note that can't be read is forgotten: the format is found anew.
	_ = json.Unmarshal(kept.Text, &n)
	return n
}

// layout names the format and whose conventions it follows.
func layout(n logscan.Note) string {
	text := n.Format.String()
	if n.Format == logscan.Auto {
		most := 0
		for name, votes := range n.Votes {
			if votes > most {
				text, most = name, votes
			}
		}
	}
	if n.Flavour != "" {
		text += " (" + n.Flavour + ")"
	}
	return text
}

// until is up to when everything that was written has been seen: now, or, while a
// backlog is being worked off, the time its slowest file has reached.
func (r *reading) until(got fed) time.Time {
	to := r.ask.Now
	if !r.ask.Until.IsZero() {
		to = r.ask.Until
	}
	if r.ask.Final {
		return instant(r.latest())
	}
	if got.paused {
		to = r.ask.Pause
	}
	if !got.reached.IsZero() && got.reached.Before(to) {
		to = got.reached
	}
	for _, path := range got.behind {
		reached := time.Time{}
		for log, reading := range r.files {
			if log.Path == path && reading.latest > 0 {
				reached = time.UnixMicro(reading.latest)
			}
		}
		if reached.Before(to) {
			to = reached
		}
	}
	return to
}

// from is from when on a first reading knows everything: from the minute after the
// earliest line, since that line's own minute may have begun before the log did, unless it
// was seen to begin; and where a file was entered in its middle, from the minute after its first line there.
// What was asked for by its time is known from there on, and a log that wasn't there
// before, with all that it ever held: from the minute on in which it was looked for last.
func (r *reading) from(to time.Time, got fed) time.Time {
	if r.ask.Final {
		return instant(r.oldest())
	}
	earliest := r.earliest()
	if absent := got.absent; !absent.IsZero() {
		if line := instant(earliest); earliest != 0 && line.Before(absent) {
			absent = line
		}
		return absent.Truncate(time.Minute)
	}
	if !r.first && !r.ask.Again {
		return time.Time{}
	}
	if got.byTime && !r.ask.From.IsZero() {
		return r.ask.From
	}
	if len(got.notes) == 0 && !got.byTime {
		return to.Truncate(time.Minute) // what will be there is seen to begin
	}
	known, entered := int64(math.MaxInt64), int64(0) // minutes
	for _, f := range r.files {
		switch minute := minuteOf(f.earliest); {
		case f.earliest == 0:
		case f.cut:
			entered = max(entered, minute+1)
		case f.created:
			known = min(known, minute)
		default:
			known = min(known, minute+1)
		}
	}
	if !got.untouched.IsZero() && got.untouched.Before(r.ask.From) { // it was passed over
		known = min(known, minuteOf(got.untouched.UnixMicro())+1)
	}
	if known == math.MaxInt64 && entered == 0 {
		return to
	}
	if known == math.MaxInt64 || known < entered {
		known = entered
	}
	from := time.UnixMicro(known * microsecondsPerMinute)
	if from.Before(r.ask.From) {
		return r.ask.From
	}
	return from
}

// resumed is from when on a later reading knows everything again, where it doesn't know
// everything since the last one: from the first line on of what follows a file that is
// gone, or of a file that was entered in its middle; from now on where no line tells.
func (r *reading) resumed(got fed) time.Time {
	if r.first || r.ask.Again || r.ask.Final {
		return time.Time{}
	}
	unseen := got.unseen
	lines := map[string]int64{} // by log
	for _, f := range r.files {
		if !f.cut && !f.follows {
			continue
		}
		if f.earliest == 0 {
			unseen = true
		} else if at, ok := lines[f.log]; !ok || f.earliest < at {
			lines[f.log] = f.earliest
		}
	}
	var line int64
	for _, at := range lines {
		line = max(line, at)
	}
	if unseen {
		return r.ask.Now
	}
	return instant(line)
}

// earliest and latest are the times of the first and of the newest line over all
// files, 0 where there was none.
func (r *reading) earliest() int64 {
	var earliest int64
	for _, f := range r.files {
		if f.earliest != 0 && (earliest == 0 || f.earliest < earliest) {
			earliest = f.earliest
		}
	}
	return earliest
}

// oldest is the least time over all files: lines need not be in the order of their time.
func (r *reading) oldest() int64 {
	var oldest int64
	for _, f := range r.files {
		if f.oldest != 0 && (oldest == 0 || f.oldest < oldest) {
			oldest = f.oldest
		}
	}
	return oldest
}

func (r *reading) latest() int64 {
	var latest int64
	for _, f := range r.files {
		latest = max(latest, f.latest)
	}
	return latest
}

// instant is the time of microseconds since the epoch; the zero time for 0.
func instant(microseconds int64) time.Time {
	if microseconds == 0 {
		return time.Time{}
	}
	return time.UnixMicro(microseconds)
}
