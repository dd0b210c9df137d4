package sli

import (
	"cmp"
	"time"
)

// Following is how a plan follows records by their ids.
type Following struct {
	*Rule
	Owing Owing
	// Whole says that ids are logged where records are accepted, too: not only where they
	// come out.
	Whole bool
}

// Following is how records are followed by their ids, nil where they aren't: from where
// they are accepted to where they come out if both log ids, whether coverage is
// configured or not, unless coverage goes by counts; else by the end alone, which knows
// what comes out twice.
func (p *Plan) Following() *Following {
	r := p.Rule(Coverage)
	if r != nil && r.ByID {
		return follow(p, r, true)
	}
	path := p.Path()
	switch {
	case path.Done == nil || !path.Done.Facts.IDs:
		return nil
	case path.Accepted == nil || !path.Accepted.Facts.IDs || r != nil && r.Method == "counts":
		return follow(p, unconfigured(p, "ends", []string{path.Done.Name}), false)
	}
	return follow(p, unconfigured(p, "ids", path.Ends()), true)
}

// unconfigured is a rule that nobody configured. Limits of the check, which flags may change,
// are no part of it.
func unconfigured(p *Plan, method string, stages []string) *Rule {
	r := &Rule{Kind: Coverage, Method: method, Stages: stages}
	r.Settle = p.SettleOf(r)
	return r
}

// Deadline is coverage's, or what it would be by default.
func (p *Plan) Deadline() time.Duration {
	if r := p.Rule(Coverage); r != nil && r.Terms.Deadline > 0 {
		return r.Terms.Deadline
	}
	var threshold time.Duration
	if r := p.Rule(Freshness); r != nil {
		threshold = r.Terms.Threshold
	}
	return cmp.Or(p.Limits.CriticalAge, 5*threshold, 15*time.Minute)
}

// follow is by which rule a record is owed: freshness' threshold says what is late, and
// coverage's target how many may be lost.
func follow(p *Plan, r *Rule, whole bool) *Following {
	f := &Following{Rule: r, Whole: whole, Owing: Owing{Threshold: p.Deadline(), Deadline: p.Deadline(), Share: leastStuck}}
	if fresh := p.Rule(Freshness); fresh != nil {
		f.Owing.Threshold = fresh.Terms.Threshold
	}
	if covered := p.Rule(Coverage); covered != nil {
		f.Owing.Share = max(leastStuck, AllowedParts(covered.Target)/TargetParts)
	}
	return f
}

// leastStuck is the share of records without an end below which no part is called stuck.
const leastStuck = 0.01

// Cohorts is a History that follows records by their ids.
type Cohorts interface {
	History
	// HasIDs says that records are followed from where they are accepted.
	HasIDs() bool
	// Doubt is why the ids say nothing of what is owed; empty where they do.
	Doubt() string
	// Sampled is of how many records one is followed: 1 if all are.
	Sampled() float64
	// Cohort is what became of the distinct ids accepted in a minute by the deadline.
	Cohort(m Minute) (IDCohort, bool)
	// Waiting is how many of the ids accepted in a minute have no end and seem to be on
	// their way: nothing accepted after them has come out, or what was accepted with them is
	// stuck.
	Waiting(m Minute) float64
	// Outstanding is what was owed at the minute's end; nil where that isn't known.
	Outstanding(m Minute) *Outstanding
	// Ends is what else the records show that came out in a minute.
	Ends(m Minute) IDEnds
}

// IDCohort counts the distinct ids that were accepted in one minute.
type IDCohort struct {
	Accepted, Filtered float64
	InTime, Late, Open float64 // those given up are open
	GivenUp            float64 // by the deadline, and not out by then
}

// IDEnds is about the records that came out in one minute.
type IDEnds struct {
	Duplicates float64       // that had come out before
	Unmatched  float64       // that nothing shows to have been accepted
	Longest    time.Duration // from accepted to come out
}

// byIDs is the history with its ids, nil where none are known.
func IDsOf(h History) Cohorts {
	ids, _ := h.(Cohorts)
	return ids
}

// followed is the history with ids from acceptance on, nil where records aren't followed
// from there.
func FollowedIDs(h History) Cohorts {
	if ids := IDsOf(h); ids != nil && ids.HasIDs() {
		return ids
	}
	return nil
}
