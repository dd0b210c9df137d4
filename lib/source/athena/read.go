package athena

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/athena"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/counted"
)

const (
	// most is how many minutes one run asks about.
	most            = 60
	minutesPerMonth = 30 * 24 * 60
)

// reading is one run's.
type reading struct {
	*Source
	ask      sli.Ask
	rows     []row
	firstBad string
	sift     sli.Sifter // by where
	execution
}

func (r *reading) read(ctx context.Context, cursor []byte) (sli.Batch, error) {
	table := r.options.Database + "." + r.options.Table
	asking := counted.Query{Settle: r.facts.Settle, Most: most,
		Never: fmt.Errorf("athena: there is nothing to scan in %s for these minutes, nor was there ever; check partition: and the table's location", table)}
	r.sift.Sift(r.where.source, 0)
	b, err := asking.Read(r.ask, cursor, func(w sli.Window, _ bool) (counted.Outcome, error) { return r.count(ctx, w) })
	if err != nil || b.Unchanged {
		return b, err
	}
	b.Calls, b.Bytes, b.Layout, b.FirstBad, b.Sifted = r.calls, r.scanned, r.layout(), r.firstBad, r.sift.Told()
	if len(r.partitions) == 0 {
		b.Warnings = append(b.Warnings, "athena: partition: none scans the whole table for every minute")
	}
	if len(b.Missing) > 0 {
		b.Warnings = append(b.Warnings, fmt.Sprintf("athena: a minute with more than %d kinds of requests is not measured; give where: a smaller part, such as its methods", r.most))
	}
	return b, nil
}

// count asks about the minutes of w and emits the answer.
func (r *reading) count(ctx context.Context, w sli.Window) (counted.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return 0, awsconf.Failure(action, err)
	}
	if r.client == nil {
		cfg, err := r.session.Config(ctx, r.ask.Now)
		if err != nil {
			return 0, err
		}
		r.execution = execution{Source: r.Source, client: athena.NewFromConfig(cfg)}
	}
	r.rows = r.rows[:0]
	switch err := r.run(ctx, r.query(w, r.ask.Edges), r.take); {
	case err != nil:
		return 0, err
	case len(r.rows) > r.most:
		return counted.TooLarge, nil
	case len(r.rows) == 0 && r.scanned == 0:
		return counted.Empty, nil
	}
	r.tell(w)
	return counted.Counted, nil
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
