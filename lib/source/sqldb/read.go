package sqldb

import (
	"context"
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/internal/gauge"
	"mackerel-plugin-pipeline-sli/lib/internal/sqlro"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

const (
	// most is how many minutes one run asks about; the rest follows in the next runs.
	most = 60
	// reach is how many minutes back unread ones are still asked about.
	reach = 24 * 60
	// ancient is how old data that isn't there is taken to be where that means stale:
	// older than any limit.
	ancient = 10 * 365 * 24 * time.Hour
)

// Read asks about the minutes that are due.
func (s *Source) Read(ctx context.Context, ask sli.Ask, cursor []byte) (sli.Batch, error) {
	memory, known, err := gauge.Load(cursor, s.facts.Rule)
	if err != nil {
		return sli.Batch{}, fmt.Errorf("%s: %w", s.facts.Reads, err)
	}
	if !s.timed && !ask.Until.IsZero() {
		return sli.Batch{}, fmt.Errorf("%s: the query speaks of the present; with :to in it, it could be asked about the past", s.facts.Reads)
	}
	r := &reading{Source: s, ask: ask, memory: memory, newest: int64(sli.Due(ask.Now, s.facts.Settle))}
	if !ask.Until.IsZero() {
		r.newest = min(r.newest, int64(sli.MinuteAt(ask.Until))-1)
	}
	switch {
	case ask.Again:
		r.again()
	case known && (r.newest <= memory.Answered || s.shape.counted() && !memory.Due(r.newest, s.every)):
		return sli.Batch{Unchanged: true, Cursor: cursor}, nil
	default:
		r.forward(known)
	}
	if err := r.query(ctx); err != nil {
		return sli.Batch{}, err
	}
	return r.batch(), nil
}

// reading is one run's.
type reading struct {
	*Source
	ask    sli.Ask
	memory gauge.Memory
	newest int64 // due minute

	from, to int64 // minutes that the answer is about, both inclusive
	asked    []int64
	said     map[int64]said
	warnings []string
}

// forward plans what is new: every minute for counts, one in every `every` for what
// holds on, and only the newest for a query that knows no minutes.
func (r *reading) forward(known bool) {
	r.to = r.newest
	r.from = max(r.memory.Answered+1, r.newest-reach+1)
	if !known {
		r.from = r.newest - most + 1
		if !r.ask.From.IsZero() {
			r.from = max(r.from, int64(sli.MinuteAt(r.ask.From)))
		}
		if !r.timed {
			r.from = r.newest
		}
	}
	switch {
	case !r.memory.Due(r.newest, r.every):
	case !r.timed:
		r.asked = []int64{r.newest}
	default:
		step := r.every
		first := max(r.from, r.memory.Read+step)
		if r.shape.counted() || r.memory.Read == 0 {
			first = r.from
		}
		if r.shape.counted() {
			step = 1
		}
		for m := first; m <= r.newest && len(r.asked) < most; m += step {
			r.asked = append(r.asked, m)
		}
		if n := len(r.asked); n == most {
			r.to = r.asked[n-1]
		}
	}
}

// again plans what the cursor has passed; a query that knows no minutes can't go back.
func (r *reading) again() {
	r.to = r.memory.Answered
	r.from = r.to + 1
	if !r.timed {
		return
	}
	r.from = max(int64(sli.MinuteAt(r.ask.From)), r.to-most+1)
	for m := r.from; m <= r.to; m++ {
		r.asked = append(r.asked, m)
	}
}

// query asks about the planned minutes, one by one. When time runs out, what was
// learned counts.
func (r *reading) query(ctx context.Context) error {
	r.said = make(map[int64]said, len(r.asked))
	if len(r.asked) == 0 {
		return nil
	}
	values := map[string]any{}
	if r.statement.Uses("threshold") {
		if len(r.ask.Edges) == 0 {
			return fmt.Errorf("%s: the query has :threshold, but no SLI with a threshold reads this stage", r.facts.Reads)
		}
		values["threshold"] = r.ask.Edges[0].Seconds()
	}
	session, err := r.database.Connect(ctx, sqlro.Settings{Zone: r.zone, Now: r.ask.Now, Timeout: r.timeout})
	if err != nil {
		return err
	}
	defer session.Close()
	for i, m := range r.asked {
		values["from"], values["to"] = sli.Minute(m).Start(), sli.Minute(m).End()
		s := said{latest: r.ask.Now.Add(sli.Skew)}
		err := session.Query(ctx, r.statement, values, func(row []sqlro.Value) error { return r.shape.take(&s, row) })
		if err != nil && (i == 0 || ctx.Err() == nil) {
			return err
		}
		if err != nil {
			r.to = r.asked[i-1]
			r.warnings = append(r.warnings, fmt.Sprintf("%s: %d of %d minutes asked in time; the rest follows in the next runs", r.facts.Reads, i, len(r.asked)))
			return nil
		}
		r.said[m] = s
	}
	return nil
}

// batch turns what was said into events and levels.
func (r *reading) batch() sli.Batch {
	b := sli.Batch{
		From:     sli.Minute(r.from).Start(),
		To:       sli.Minute(r.to).End().Add(r.facts.Settle),
		Calls:    len(r.said),
		Warnings: r.warnings,
	}
	memory := r.memory
	var refused error
	for m := r.from; m <= r.to; m++ {
		s, asked := r.said[m]
		none := s.rows == 0 || s.null
		switch {
		case asked && s.refused != nil:
			if b.Unanswered = fmt.Errorf("%s: %w", r.facts.Reads, s.refused); m < r.to && refused == nil {
				refused = b.Unanswered // one sentence for a day of them
				b.Warnings = append(b.Warnings, refused.Error())
			}
			b.Missing = b.Missing.Add(sli.Window{From: sli.Minute(m), To: sli.Minute(m + 1)})
			continue
		case asked && none && r.empty == notMeasured:
			b.Unanswered = fmt.Errorf("%s: the query gave no row, or NULL, for %s; say with empty: what that means", r.facts.Reads, sli.Minute(m).Start().In(r.ask.Now.Location()).Format("15:04 MST"))
			b.Missing = b.Missing.Add(sli.Window{From: sli.Minute(m), To: sli.Minute(m + 1)})
			continue
		case asked:
			b.Unanswered = nil
			memory.Read = m
			r.tell(&b, m, s, none, &memory)
		case r.shape.counted() || !memory.Holds(m, r.every):
			b.Missing = b.Missing.Add(sli.Window{From: sli.Minute(m), To: sli.Minute(m + 1)})
			continue
		}
		if r.shape.kind == ages {
			b.Levels = append(b.Levels, sli.RowLevels(sli.Minute(m), memory.Watermark, memory.Skewed)...)
		}
	}
	memory.Answered = r.to
	if !r.ask.Again {
		b.Cursor = memory.Cursor()
	}
	return b
}

// tell emits what was said of a minute; none: nothing, which means what empty: says.
func (r *reading) tell(b *sli.Batch, m int64, s said, none bool, memory *gauge.Memory) {
	end := sli.Minute(m).End()
	memory.Skewed = 0
	if s.future > 0 {
		memory.Skewed = float64(s.future) / float64(s.rows)
		b.Warnings = append(b.Warnings, fmt.Sprintf("%s: updated_at lies up to %s ahead of this host's clock in %d of %d rows, which say nothing; check time_zone:, and that an epoch is in seconds",
			r.facts.Reads, sli.FormatSeconds(s.ahead+sli.Skew.Seconds()), s.future, s.rows))
	}
	emit := func(signal sli.Signal, verdict sli.Verdict, weight float64) {
		if weight > 0 {
			r.ask.Emit(&sli.Event{Time: sli.Minute(m).Start().UnixMicro(), Signal: signal, Good: verdict, Weight: estimate.Weight(weight)})
		}
	}
	switch {
	case r.shape.kind == ages && !none:
		memory.Watermark = s.watermark
	case r.shape.kind == ages && r.empty == fresh && s.watermark != 0: // of the other groups
		memory.Watermark = s.watermark
	case r.shape.kind == ages && r.empty == fresh:
		memory.Watermark = end.UnixMicro()
	case r.shape.kind == ages:
		memory.Watermark = end.Add(-ancient).UnixMicro()
	case none && r.empty == stale:
		emit(sli.Row, sli.Bad, 1)
	case none:
	case r.shape.kind == counts:
		for i, signal := range r.shape.signals {
			emit(signal, sli.NotValid, s.numbers[i])
		}
	default:
		part, whole := r.shape.pair(s)
		emit(r.shape.signals[0], sli.Good, part)
		emit(r.shape.signals[0], sli.Bad, whole-part)
	}
}
