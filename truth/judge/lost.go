package judge

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/lib/estimate"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// Lost is what coverage by the store's writes made of results that the worker said it
// had written and had not.
type Lost struct {
	Share   float64
	Worlds  int
	Missed  int             // worlds in which the limit wasn't broken
	Delays  []time.Duration // from the beginning to the end of the minute whose window shows it, settled
	Error   Error           // of the hour's share, in points
	Healthy Error           // of hours without a loss
}

// Add adds other worlds'.
func (l *Lost) Add(o Lost) {
	l.Share = o.Share
	l.Worlds += o.Worlds
	l.Missed += o.Missed
	l.Delays = append(l.Delays, o.Delays...)
	l.Error.Add(o.Error)
	l.Healthy.Add(o.Healthy)
}

// LostShares are those that are judged.
var LostShares = []float64{0.2, 0.05}

// coverageLimit is the check's; coverageWindow what it speaks of, in minutes.
const (
	coverageLimit  = 0.97
	coverageWindow = 60
	lostFrom       = 80 // minutes
)

// Losses judges coverage in one world that loses a share of its results from then on.
func Losses(seed uint64, share float64) (Lost, error) {
	l := Lost{Share: share, Worlds: 1, Missed: 1}
	s := Hour(seed)
	s.Length = 3 * time.Hour
	s.Worker.Errors = 0.01 * float64(seed%2) // retries write twice
	var err error
	if s.Faults, err = sim.ParseFaults(fmt.Sprintf("+%dm-+170m results lost %g%%", lostFrom, 100*share), s.Start); err != nil {
		return l, err
	}
	w, err := sim.Run(s)
	if err != nil {
		return l, err
	}
	p, err := newPath(w)
	if err != nil {
		return l, err
	}
	v, err := p.view(0, Sights[3])
	if err != nil {
		return l, err
	}
	v.model.Threshold = 0
	deadline := int(coverageDeadline / time.Minute)
	truth := w.Coverage(w.Start, w.End, coverageDeadline)
	cover := make([]estimate.CoverageMinute, len(v.rows))
	for m := shareBack; m+deadline < len(v.rows); m++ {
		from := m - shareBack
		est := estimate.NewStagePath(v.model, v.rows[from:min(len(v.rows), m+deadline+2)])
		cover[m] = est.Coverage(coverageDeadline.Seconds())[m-from]
	}
	for m := lostFrom; m < 180; m++ {
		var counts, want sli.Counts
		for i := max(shareBack, m-coverageWindow+1); i <= m; i++ {
			counts.Valid += cover[i].Valid
			counts.Good += cover[i].Good
			want.Valid += float64(truth[i].Valid)
			want.Good += float64(truth[i].Good)
		}
		if want.Valid == 0 {
			continue
		}
		if m == lostFrom {
			l.Healthy.take(counts.Good, want.Good, want.Valid)
			continue
		}
		l.Error.take(counts.Good, want.Good, want.Valid)
		if l.Missed == 1 && slo.ProvesBelow(counts, coverageLimit) {
			l.Missed, l.Delays = 0, []time.Duration{time.Duration(m+1+deadline-lostFrom) * time.Minute}
		}
	}
	return l, nil
}
