package cloudwatch

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Kind is what a kind of AWS stage adds to the reader: its metrics, and what a minute
// of them means.
type Kind interface {
	// Metrics are to be asked for. It is called without descriptions too, for Facts.
	Metrics(Known) []Metric
	// Emit turns one minute of the answer into events, levels and summaries.
	Emit(*Minute)
}

// Describer is a kind that asks its own service for what isn't configured.
type Describer interface {
	Describe(ctx context.Context, cfg aws.Config, d *Description)
}

// Known is what a stage knows before it asks for metrics.
type Known struct {
	Inputs sli.Inputs
	Names  map[string][]string // resolved by Describe
	Edges  []time.Duration     // thresholds that counts are wanted for
}

// Input is a described value; false where nothing is known.
func (k Known) Input(name string) (float64, bool) { return k.Inputs.Get(name) }

// Description collects what Describe finds.
type Description struct {
	Known  Known // what is known so far: configured, assumed
	Now    time.Time
	Inputs map[string]float64
	Names  map[string][]string
	Calls  int
	Errs   []error // each costs only what it was to find out
}

// Failed notes that a call failed; false where it didn't.
func (d *Description) Failed(action string, err error) bool {
	d.Calls++
	if err != nil {
		d.Errs = append(d.Errs, awsconf.Failure(action, err))
	}
	return err != nil
}

// Common are the keys that every AWS stage has.
type Common struct {
	awsconf.Options
	Period section.Duration `yaml:"period" default:"60s" min:"1m" max:"1h" doc:"the period of its metrics, in whole minutes"`
	Settle section.Duration `yaml:"settle" doc:"how long after a minute's end points may still come" otherwise:"180s"`
}

// Decode reads a stage's section into its options, of which common is a part.
func Decode(n *section.Node, options any, common *Common) error {
	if err := n.Decode(options); err != nil {
		return err
	}
	if time.Duration(common.Period)%time.Minute != 0 {
		return At(n, "period").Errorf("60s or 5m", "must be whole minutes")
	}
	return nil
}

// At is the node of a key, or the section where the key isn't given.
func At(n *section.Node, key string) *section.Node {
	if at, ok := n.Get(key); ok {
		return at
	}
	return n
}

// Wants says what of a stage something configured needs; the rest isn't asked for.
type Wants struct {
	Capacity bool // the capacity graph
	Latency  bool // the front's latency
}

// StageContext is what a stage needs from outside of its section.
type StageContext struct {
	Reader *Reader
	AWS    awsconf.Options // of the pipeline and the file
	Wants  Wants
}

// Stage is how a kind describes one stage of it.
type Stage struct {
	Common Common
	Kind   Kind
	// Facts without what follows from the metrics and from Common: Reads is the
	// resource's name, Rule its options, Permissions those of Describe.
	Facts sli.Facts
	// Given are the inputs as far as they are configured, and what is assumed where
	// nothing else is known.
	Given sli.Inputs
	// Asks are the inputs that Describe can find out, Names the names it has to find
	// out before metrics can be asked for.
	Asks, Names []string
	// Liveness are the keys of metrics that must have had a point before their silence
	// can mean that there is no traffic.
	Liveness []string
	// Proofs are the keys of metrics under the same dimensions that have points where those
	// have none because nothing went well: one of them will do instead.
	Proofs []string
}

// Given spells an input from the configuration, or assumed.
func Given(configured bool, value float64) sli.Input {
	if configured {
		return sli.Input{Value: value, From: "configured"}
	}
	return sli.Input{Value: value, From: "assumed"}
}
