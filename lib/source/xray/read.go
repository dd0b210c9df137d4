package xray

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/aws/aws-sdk-go-v2/service/xray/types"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// most is how many minutes one run asks about; the rest follows in the next runs.
const most = 60

// position is what is kept between runs.
type position struct {
	Answered sli.Minute `json:"answered"`
}

// Read asks minute by minute for the traces that ended in it.
func (s *Source) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	var at position
	if cursor != nil {
		if err := json.Unmarshal(cursor, &at); err != nil {
			return sli.Batch{}, fmt.Errorf("traces: the position in the state can't be read: %w", err)
		}
	}
	w := s.window(ask, at, cursor != nil)
	if w.Minutes() == 0 && !ask.Again {
		return sli.Batch{Unchanged: true, Cursor: cursor}, nil
	}
	r := &reading{Source: s, ask: ask, left: s.options.Limit}
	if err := ctx.Err(); err != nil {
		return sli.Batch{}, awsconf.Failure(action, err)
	}
	cfg, err := s.session.Config(ctx, ask.Now)
	if err != nil {
		return sli.Batch{}, err
	}
	r.client = xray.NewFromConfig(cfg)
	for m := w.From; m < w.To; m++ {
		err := r.minute(ctx, m, int(w.To-m))
		if err != nil && (m == w.From || ctx.Err() == nil) {
			return sli.Batch{}, awsconf.Failure(action, err)
		}
		if err != nil {
			r.warn("%d of %d minutes asked in time; the rest follows in the next runs", int(m-w.From), w.Minutes())
			w.To = m
		}
	}
	b := sli.Batch{From: w.Start(), To: w.End().Add(s.facts.Settle), Calls: r.calls}
	if !ask.Again {
		b.Cursor, _ = json.Marshal(position{w.To - 1}) // a number always encodes
	}
	b.Warnings = r.doubts()
	return b, nil
}

// window is the minutes to ask about.
func (s *Source) window(ask sli.Ask, at position, known bool) sli.Window {
	newest := sli.Due(ask.Now, s.facts.Settle)
	if !ask.Until.IsZero() {
		newest = min(newest, sli.MinuteAt(ask.Until)-1)
	}
	w := sli.Window{From: newest + 1 - most, To: newest + 1}
	if !ask.From.IsZero() {
		w.From = max(w.From, sli.MinuteAt(ask.From))
	}
	switch {
	case ask.Again:
		w.To = at.Answered + 1
		w.From = min(w.From, w.To)
	case known:
		w.From = max(at.Answered+1, newest+1-reach)
		w.To = max(w.From, min(w.To, w.From+most))
	}
	return w
}

// reach is how many minutes back unread ones are still asked about.
const reach = 24 * 60

// rounding is how far beyond a minute is asked: times of answers are cut to milliseconds, so
// that a trace may be told to have ended in the minute beside that of its segments.
const rounding = time.Second

// reading is one run's.
type reading struct {
	*Source
	ask    sli.Ask
	client *xray.Client

	left                              int // traces that may still be read
	calls                             int
	traces, partial, without, tooMany int
	warnings                          []string
}

func (r *reading) warn(format string, args ...any) {
	r.warnings = append(r.warnings, "traces: "+fmt.Sprintf(format, args...))
}

// minute reads one minute's traces, up to a fair part of the limit where so many
// minutes are still to be read.
func (r *reading) minute(ctx context.Context, m sli.Minute, minutes int) error {
	budget := max(1, r.left/minutes)
	start, end := m.Start(), m.End()
	from, to := start.Add(-rounding), end.Add(rounding)
	in := &xray.GetTraceSummariesInput{StartTime: &from, EndTime: &to, TimeRangeType: types.TimeRangeTypeService}
	if r.options.TimeRange == "event" {
		in.TimeRangeType = types.TimeRangeTypeEvent
	}
	if r.options.Filter != "" {
		in.FilterExpression = &r.options.Filter
	}
	var found []sli.Event
	for {
		r.calls++
		out, err := r.client.GetTraceSummaries(ctx, in)
		if err != nil {
			return err
		}
		for i := range out.TraceSummaries {
			t := &out.TraceSummaries[i]
			e, ok := r.event(t, start, end)
			switch {
			case !ok:
				continue
			case len(found) >= budget:
				r.tooMany++
				continue
			case partial(t):
				r.partial++
			case !e.HasDelay:
				r.without++
			}
			found = append(found, e)
		}
		in.NextToken = out.NextToken
		if in.NextToken == nil || len(found) >= budget {
			break
		}
	}
	if in.NextToken != nil {
		r.tooMany++
	}
	r.left -= len(found)
	for i := range found {
		r.ask.Emit(&found[i])
	}
	r.traces += len(found)
	return nil
}

// event is a trace as an event, booked to when its last traced work was done; false
// where that was in another minute, which will be, or was, asked about by itself.
func (r *reading) event(t *types.TraceSummary, start, end time.Time) (sli.Event, bool) {
	if t.StartTime == nil || t.Duration == nil {
		return sli.Event{}, false
	}
	at := t.StartTime.Add(seconds(*t.Duration))
	if r.options.TimeRange == "event" && t.MatchedEventTime != nil {
		at = *t.MatchedEventTime
	}
	if at.Before(start) || !at.Before(end) {
		return sli.Event{}, false
	}
	e := sli.Event{Time: at.UnixMicro(), Weight: 1, Signal: sli.Trace}
	if delay, ok := r.delay(t); ok && !partial(t) {
		e.Delay, e.HasDelay = seconds(delay), true
	}
	return e, true
}

// partial tells whether some work of the trace was still going on.
func partial(t *types.TraceSummary) bool { return t.IsPartial != nil && *t.IsPartial }

// delay is what the configuration takes for it, in seconds.
func (r *reading) delay(t *types.TraceSummary) (float64, bool) {
	switch {
	case r.annotation != "":
		return largest(t.Annotations[r.annotation])
	case r.options.Delay == "response_time":
		if t.ResponseTime == nil {
			return 0, false
		}
		return *t.ResponseTime, true
	}
	return *t.Duration, true
}

// largest is the largest number that services gave an annotation.
func largest(values []types.ValueWithServiceIds) (float64, bool) {
	most, found := 0.0, false
	for _, v := range values {
		var n float64
		switch v := v.AnnotationValue.(type) {
		case *types.AnnotationValueMemberNumberValue:
			n = v.Value
		case *types.AnnotationValueMemberStringValue:
			var err error
			if n, err = strconv.ParseFloat(v.Value, 64); err != nil {
				continue
			}
		default:
			continue
		}
		if n >= 0 && !math.IsInf(n, 0) && (!found || n > most) {
			most, found = n, true
		}
	}
	return most, found
}

// seconds is a duration; what no clock could have measured is cut off.
func seconds(s float64) time.Duration {
	const longest = float64(30 * 24 * time.Hour)
	return time.Duration(math.Round(min(max(s*1e6, 0), longest/1e3))) * time.Microsecond
}

// doubts are what the reading has to say about its traces.
func (r *reading) doubts() []string {
	if r.partial > 0 {
		r.warn("%d of %d were incomplete: uncertain", r.partial, r.traces)
	}
	if r.without > 0 {
		r.warn("%d of %d have no %s: uncertain", r.without, r.traces, r.options.Delay)
	}
	if r.tooMany > 0 {
		r.warn("there were more than limit: %d; the newest of each minute were taken", r.options.Limit)
	}
	return r.warnings
}
