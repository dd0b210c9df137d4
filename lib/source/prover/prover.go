// Package prover is the source of known answers: it sends records whose result it
// knows through the front door, and looks in later runs for what the store says.
//
// A record's life: claimed in the state, sent, its outcome noted in the state, looked
// for in every run, judged once at its deadline, booked to the minute it was sent in.
package prover

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Options are the keys of a pipeline's prover section.
type Options struct {
	Every      section.Duration `yaml:"every" default:"1m" min:"1s" max:"1d" doc:"one record in each such stretch of the clock; a run sends at most one"`
	Deadline   section.Duration `yaml:"deadline" default:"5m" min:"1s" max:"1d" doc:"when the answer must be there: the verdict is given then"`
	Grace      section.Duration `yaml:"grace" min:"1s" max:"1d" doc:"beyond the deadline: for late answers, and for a store that can't be asked" otherwise:"2 × every"`
	Late       string           `yaml:"late" enum:"good|bad" default:"good" doc:"what a right answer after the deadline is for correctness; for freshness it is late"`
	Inject     inject           `yaml:"inject" required:"true" doc:"how a record is sent: one of http, kinesis, sqs"`
	Expect     expect           `yaml:"expect" required:"true" doc:"where its answer is found: one of dynamodb, sql, http"`
	Want       string           `yaml:"want" required:"true" doc:"the known answer, e.g. {{mul .N .N}}; a template"`
	VisibleAt  string           `yaml:"visible_at" doc:"the field, beside the answer, with the time it became visible" otherwise:"between two looks"`
	Applied    string           `yaml:"applied" doc:"the field, beside the answer, that counts how often the record was applied; over 1 is a duplicate"`
	Cleanup    *cleanup         `yaml:"cleanup" doc:"what is done after the verdict: one of http, dynamodb (the item is deleted)"`
	MaxPerHour int              `yaml:"max_per_hour" default:"120" min:"1" max:"3600" doc:"the ceiling of records sent in any hour"`
	Timeout    section.Duration `yaml:"timeout" default:"5s" min:"100ms" max:"1m" doc:"what one request is given"`
}

type inject struct {
	HTTP    *httpRequest   `yaml:"http" doc:"a request; 2xx means accepted"`
	Kinesis *kinesisInject `yaml:"kinesis" doc:"a record put into a stream"`
	SQS     *sqsInject     `yaml:"sqs" doc:"a message sent to a queue"`
}

type expect struct {
	DynamoDB *dynamoDBExpect `yaml:"dynamodb" doc:"an item of a table"`
	SQL      *sqlExpect      `yaml:"sql" doc:"the row of a query; several rows are a duplicate"`
	HTTP     *httpExpect     `yaml:"http" doc:"a JSON answer; 404 means not there yet"`
}

type cleanup struct {
	HTTP     *httpRequest `yaml:"http" doc:"a request"`
	DynamoDB *dynamoDBKey `yaml:"dynamodb" doc:"the item to delete"`
}

// front takes records, once each.
type front interface {
	send(ctx context.Context, v values) error
	String() string
}

// store tells what came of a record.
type store interface {
	look(ctx context.Context, v values) (answer, error)
	String() string
	// sees tells whether a record that was applied twice shows.
	sees() bool
}

// sample stands for a record where a template is only tried.
var sample = values{ID: sli.ProverMarker + "-0000000000-1-0", N: largestN, Slot: 1, Want: "1"}

// Source is a pipeline's prover.
//
// Large: its section's keys, and the two sides of a prover, sending and looking, which share
// positions.
type Source struct {
	front   front
	store   store
	cleaner front // nil: records stay
	want    text
	facts   sli.Facts
	watches bool // duplicates: a record is looked at again at its deadline

	every, deadline, grace, timeout time.Duration
	perHour                         int
}

// New reads a section. account is the pipeline's.
func New(n *section.Node, account awsconf.Options) (*Source, error) {
	var o Options
	if err := n.Decode(&o); err != nil {
		return nil, err
	}
	s := &Source{
		every: time.Duration(o.Every), deadline: time.Duration(o.Deadline), grace: time.Duration(o.Grace),
		timeout: time.Duration(o.Timeout), perHour: o.MaxPerHour,
	}
	if s.grace == 0 {
		s.grace = 2 * s.every
	}
	if s.deadline < 2*s.every && o.VisibleAt == "" {
		at, ok := n.Get("deadline")
		if !ok {
			at = n
		}
		return nil, at.Errorf("raise it to "+sli.FormatDuration(2*s.every)+", or name visible_at",
			"must be at least 2 × every, since a record is looked for only so often, unless visible_at tells when it came out")
	}
	var err error
	if s.want, err = checked(n, "want", o.Want); err != nil {
		return nil, err
	}
	if err := s.ends(n, o, account); err != nil {
		return nil, err
	}
	s.watches = s.store.sees()
	s.facts = s.describe(n, o)
	return s, nil
}

// ends makes the front, the store and what cleans up.
func (s *Source) ends(n *section.Node, o Options, account awsconf.Options) error {
	in, err := one(n, "inject", "http", "kinesis", "sqs")
	if err != nil {
		return err
	}
	switch {
	case o.Inject.HTTP != nil:
		s.front, err = o.Inject.HTTP.request(in, http.MethodPost)
	case o.Inject.Kinesis != nil:
		s.front, err = o.Inject.Kinesis.front(in, account)
	default:
		s.front, err = o.Inject.SQS.front(in, account)
	}
	if err != nil {
		return err
	}
	out, err := one(n, "expect", "dynamodb", "sql", "http")
	if err != nil {
		return err
	}
	f := fields{visibleAt: o.VisibleAt, applied: o.Applied}
	switch {
	case o.Expect.DynamoDB != nil:
		s.store, err = o.Expect.DynamoDB.store(out, account, f)
	case o.Expect.SQL != nil:
		s.store, err = o.Expect.SQL.store(out, f, s.timeout)
	default:
		s.store, err = o.Expect.HTTP.store(out, f)
	}
	if err != nil || o.Cleanup == nil {
		return err
	}
	after, err := one(n, "cleanup", "http", "dynamodb")
	switch {
	case err != nil:
	case o.Cleanup.HTTP != nil:
		s.cleaner, err = o.Cleanup.HTTP.request(after, http.MethodDelete)
	default:
		var t *table
		t, err = o.Cleanup.DynamoDB.table(after, account)
		s.cleaner = deleting{t}
	}
	return err
}

// one is the section's only key out of several.
func one(n *section.Node, key string, kinds ...string) (*section.Node, error) {
	at, _ := n.Get(key)
	if len(at.Keys()) != 1 {
		return nil, at.Errorf("", "must be exactly one of %s", strings.Join(kinds, ", "))
	}
	return at.Items()[0], nil
}

func (s *Source) describe(n *section.Node, o Options) sli.Facts {
	f := sli.Facts{
		Reads:     s.front.String() + " → " + s.store.String(),
		Rule:      rule(n),
		Signals:   []sli.Signal{sli.Probed, sli.Uninjected},
		Settle:    s.deadline + s.grace,
		SettleWhy: "a record's verdict is given at its deadline, or a grace later where it isn't there or the store can't be asked",
		Scope:     sli.Local, // every host sends its own
		Proving:   &sli.Proving{Every: s.every, Deadline: s.deadline, LateBad: o.Late == "bad"},
	}
	if o.VisibleAt == "" {
		f.Waits = []sli.Wait{{Why: "the time between looks", For: time.Minute}}
	}
	looks := int((s.deadline + s.grace) / max(s.every, time.Minute)) // at a record that never comes
	if store, ok := s.store.(*sqlStore); ok {
		f.Unknown = store.database.Unknown()
	}
	for _, end := range []struct {
		of    any
		calls int
	}{{s.front, 1}, {s.store, looks}, {s.cleaner, 1}} {
		if p, ok := end.of.(interface{ permissions() []string }); ok {
			f.Permissions = append(f.Permissions, p.permissions()...)
			f.Calls += end.calls
		}
	}
	return f
}

// aside are the keys that don't shape verdicts, or may hold a secret: a change of them
// begins no new history.
var aside = []string{"headers", "cleanup", "timeout", "max_per_hour", "profile", "role_arn", "external_id"}

// rule is a hash of what shapes verdicts, as the file spells it.
func rule(n *section.Node) string {
	sum := sha256.New()
	var walk func(*section.Node)
	walk = func(n *section.Node) {
		if n.Type() == section.Scalar {
			sum.Write([]byte(n.Raw() + "\x00"))
		}
		keys, items := n.Keys(), n.Items()
		for i, item := range items {
			if i < len(keys) {
				if slices.Contains(aside, keys[i]) {
					continue
				}
				sum.Write([]byte(keys[i] + "\x01"))
			}
			walk(item)
		}
		sum.Write([]byte("\x02"))
	}
	walk(n)
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Facts are known from the section alone.
func (s *Source) Facts() sli.Facts { return s.facts }
