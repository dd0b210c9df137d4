package cloudwatch

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

const (
	describeEvery  = 6 * time.Hour
	describeAgain  = 10 * time.Minute // after a failure
	lookEvery      = 24 * time.Hour
	latePoints     = 15 * time.Minute // every question covers so many due minutes
	firstReach     = 3 * time.Hour    // of a first question that wants everything
	farthestBehind = 14 * 24 * time.Hour
)

// position is what a stage remembers between runs: the opaque cursor.
type position struct {
	Asked    sli.Minute `json:"asked"` // the newest due minute that was answered
	HasAsked bool       `json:"has_asked"`
	Silence  string     `json:"silence,omitempty"` // why that answer answers for no minute

	Seen   []string `json:"seen,omitempty"`   // liveness metrics that have had a point
	Looked int64    `json:"looked,omitempty"` // seconds since the epoch: the last look at histories

	Described int64               `json:"described,omitempty"` // seconds since the epoch
	Failed    bool                `json:"failed,omitempty"`    // something couldn't be found out
	Doubts    []string            `json:"doubts,omitempty"`    // … and why
	Inputs    map[string]float64  `json:"inputs,omitempty"`
	Names     map[string][]string `json:"names,omitempty"`
}

// parsePosition reads a cursor; one that can't be read is none.
func parsePosition(cursor []byte) *position {
	p := new(position)
	if json.Unmarshal(cursor, p) != nil {
		return new(position)
	}
	return p
}

func (p *position) cursor() []byte {
	out, err := json.Marshal(p)
	if err != nil {
		panic("cloudwatch: a position can't be spelled: " + err.Error()) // plain data
	}
	return out
}

func (p *position) silence() error {
	if p.Silence == "" {
		return nil
	}
	return errors.New(p.Silence)
}

// known is what is configured, else what was asked of AWS, else what is assumed.
func (p *position) known(given sli.Inputs, edges []time.Duration) Known {
	inputs := maps.Clone(given)
	if inputs == nil {
		inputs = sli.Inputs{}
	}
	for name, v := range p.Inputs {
		if inputs[name].From != "configured" {
			inputs[name] = sli.Input{Value: v, From: "asked"}
		}
	}
	return Known{Inputs: inputs, Names: p.Names, Edges: edges}
}

// describeDue tells whether AWS is to be asked for descriptions.
func (p *position) describeDue(now time.Time) bool {
	every := describeEvery
	if p.Failed {
		every = describeAgain
	}
	return p.Described == 0 || now.Sub(time.Unix(p.Described, 0)) >= every
}

// described takes a description in; what couldn't be found out this time stays.
func (p *position) described(d *Description, now time.Time) {
	if p.Inputs == nil {
		p.Inputs = map[string]float64{}
	}
	if p.Names == nil {
		p.Names = map[string][]string{}
	}
	maps.Copy(p.Inputs, d.Inputs)
	maps.Copy(p.Names, d.Names)
	p.Described, p.Failed, p.Doubts = now.Unix(), len(d.Errs) > 0, nil
	for _, err := range d.Errs {
		p.Doubts = append(p.Doubts, err.Error())
	}
}

// lookDue tells whether histories are to be looked at.
func (p *position) lookDue(now time.Time) bool {
	return p.Looked == 0 || now.Sub(time.Unix(p.Looked, 0)) >= lookEvery
}

// see notes that a liveness metric had a point.
func (p *position) see(key string) {
	if !slices.Contains(p.Seen, key) {
		p.Seen = append(p.Seen, key)
	}
}
