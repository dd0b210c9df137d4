package athena

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/athena"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

const (
	// most is how many minutes one run asks about; the rest follows in the next runs.
	most = 60
	// reach is how many minutes back unread ones are still asked about.
	reach = 24 * 60

	minutesPerMonth = 30 * 24 * 60
)

// position is what is kept between runs.
type position struct {
	Answered sli.Minute `json:"answered"`
	Seen     bool       `json:"seen,omitempty"` // the table had something to scan
}

// reading is one run's.
type reading struct {
	*Source
	ask  sli.Ask
	rows []row
	execution
}

func (r *reading) read(ctx context.Context, cursor []byte) (sli.Batch, error) {
	var at position
	if cursor != nil {
		if err := json.Unmarshal(cursor, &at); err != nil {
			return sli.Batch{}, fmt.Errorf("athena: the position in the state can't be read: %w", err)
		}
	}
	w := r.window(at, cursor != nil)
	if w.Minutes() == 0 && !r.ask.Again {
		return sli.Batch{Unchanged: true, Cursor: cursor}, nil
	}
	if err := r.count(ctx, &w); err != nil {
		return sli.Batch{}, err
	}
	b := sli.Batch{From: w.Start(), To: w.End().Add(r.facts.Settle), Calls: r.calls, Bytes: r.scanned, Layout: r.layout()}
	if at.Seen = at.Seen || r.scanned > 0 || len(r.rows) > 0; !at.Seen && w.Minutes() > 0 {
		b.From, b.To, b.Cursor = time.Time{}, time.Time{}, cursor
		b.Unanswered = fmt.Errorf("athena: there is nothing to scan in %s.%s for these minutes, nor was there ever; check the table's location and partition:", r.options.Database, r.options.Table)
		return b, nil
	}
	r.tell(w, &b)
	if !r.ask.Again {
		at.Answered = w.To - 1
		b.Cursor, _ = json.Marshal(at) // always encodes
	}
	if len(r.partitions) == 0 {
		b.Warnings = append(b.Warnings, "athena: partition: none scans the whole table for every minute")
	}
	return b, nil
}

// window is the minutes to ask about.
func (r *reading) window(at position, known bool) sli.Window {
	newest := sli.Due(r.ask.Now, r.facts.Settle)
	if !r.ask.Until.IsZero() {
		newest = min(newest, sli.MinuteAt(r.ask.Until)-1)
	}
	w := sli.Window{From: newest + 1 - most, To: newest + 1}
	if !r.ask.From.IsZero() {
		w.From = max(w.From, sli.MinuteAt(r.ask.From))
	}
	switch {
	case r.ask.Again:
		w.To = at.Answered + 1
		w.From = min(w.From, w.To)
	case known:
		w.From = max(at.Answered+1, newest+1-reach)
		w.To = max(w.From, min(w.To, w.From+most))
	}
	return w
}

// count asks about the minutes of w, of fewer where the answer would be too large.
func (r *reading) count(ctx context.Context, w *sli.Window) error {
	if err := ctx.Err(); err != nil {
		return awsconf.Failure(action, err)
	}
	cfg, err := r.session.Config(ctx, r.ask.Now)
	if err != nil || w.Minutes() == 0 {
		return err
	}
	r.execution = execution{Source: r.Source, client: athena.NewFromConfig(cfg)}
	for {
		r.rows = r.rows[:0]
		if err := r.run(ctx, r.query(*w, r.ask.Edges), r.take); err != nil {
			return err
		}
		switch {
		case len(r.rows) <= r.most:
			return nil
		case w.Minutes() == 1:
			return fmt.Errorf("athena: more than %d kinds of requests in a minute; give where: a smaller part, such as its methods", r.most)
		case r.ask.Again:
			w.From += sli.Minute(w.Minutes() / 2)
		default:
			w.To -= sli.Minute(w.Minutes() / 2)
		}
	}
}

// layout says what the reading was like and what it costs.
func (r *reading) layout() string {
	if r.calls == 0 {
		return ""
	}
	usd := max(float64(r.scanned), leastBytes) * usdPerByte * minutesPerMonth
	return "alb, counted by Athena; the last query scanned " + size(r.scanned) + ", about USD " + strconv.FormatFloat(usd, 'f', 2, 64) + " a month if each does"
}

// size is a number of bytes as people say it.
func size(bytes int64) string {
	v := float64(bytes) / 1e6
	if v >= 1000 {
		return strconv.FormatFloat(v/1000, 'f', 1, 64) + " GB"
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + " MB"
}
