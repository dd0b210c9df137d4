package sli

import "time"

// ProverKind is the kind, and the name, of the stage that a pipeline's prover is.
const ProverKind = "prover"

// ProverMarker begins every known-answer record's id, and is the user agent of those
// sent over HTTP: other SLIs leave out what carries it.
const ProverMarker = "pipeline-sli-prover"

// Proving is how known-answer records are sent.
type Proving struct {
	Every    time.Duration // one record each
	Deadline time.Duration // when its answer must be there
	LateBad  bool          // whether an answer after the deadline is incorrect, beside not fresh
}

// Probe is what became of one known-answer record.
type Probe struct {
	Verdict ProbeVerdict
	// Found says that something came out for it, right or wrong: not yet at After, by then
	// at By, both since it was sent. Where the time of visibility is told they are equal.
	Found     bool
	After, By time.Duration
}

// ProbeVerdict says what became of a known-answer record.
type ProbeVerdict string

// The verdicts. Uncertain: the store could not be asked past the grace, or the record
// was claimed, isn't known to have been sent, and was not found.
const (
	ProbeCorrect   ProbeVerdict = "correct"
	ProbeWrong     ProbeVerdict = "wrong"
	ProbeMissing   ProbeVerdict = "missing"
	ProbeLate      ProbeVerdict = "late"
	ProbeDuplicate ProbeVerdict = "duplicate"
	ProbeUncertain ProbeVerdict = "uncertain"
)

// ProbeVerdicts lists them all, in the order outputs show them.
var ProbeVerdicts = []ProbeVerdict{ProbeCorrect, ProbeWrong, ProbeMissing, ProbeLate, ProbeDuplicate, ProbeUncertain}

// Peer is who a prover sends to, or where it looks, as it answered when it was asked
// without sending anything.
type Peer struct {
	Name  string
	Asked string // what it was asked and said; empty: it wasn't asked
	Why   string // it wasn't
	Err   error  // why it gave no answer, or a bad one
}

// Proves tells whether the stage is a prover.
func (f Facts) Proves() bool { return f.Proving != nil }
