package measure

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// pipelineRecord is what state keeps of a pipeline.
type pipelineRecord struct {
	Owner   string     `json:"owner"`
	Born    sli.Minute `json:"born"` // the first run's
	Seq     uint64     `json:"seq"`
	Pending *sli.Point `json:"pending,omitempty"`
	Stall   *stall     `json:"still,omitempty"`

	Ran  time.Time `json:"ran,omitzero"` // the last run's instant
	Away *away     `json:"away,omitempty"`
	// Reference is the minute that forgetting went by, see settledClock.
	Reference sli.Minute `json:"reference,omitempty"`
	// History and Cells are the first minutes that are kept of SLIs and of stages.
	History sli.Minute `json:"history,omitempty"`
	Cells   sli.Minute `json:"cells,omitempty"`
}

// stageRecord is a source's position and the minutes it has answered for.
//
// Large: keys of the state; every release reads what the one before wrote.
type stageRecord struct {
	Generation  uint64        `json:"generation"` // rises with every commit
	Cursor      []byte        `json:"cursor"`
	ReadTo      time.Time     `json:"read_to"`           // the last answer covers what was written by then
	Resumed     sli.Minute    `json:"resumed,omitempty"` // after a time that can't be seen any more: the first minute that can
	Blind       bool          `json:"blind,omitempty"`   // the last reading found what is written meanwhile unknown
	Fingerprint string        `json:"fingerprint"`       // of the rule that made the cells
	Answered    sli.Intervals `json:"answered"`
	Refused     sli.Intervals `json:"refused,omitempty"` // too much of them was malformed
	Lost        sli.Intervals `json:"lost,omitempty"`    // what was read of them was set aside, and isn't read again
	Ahead       sli.Intervals `json:"ahead,omitempty"`   // lines of them were read ahead of the clock, and count nowhere
	Inputs      sli.Inputs    `json:"inputs,omitempty"`
	// Early is what the newest reading found already of the minute after those that it
	// answers for.
	Early    *sli.EarlyMinute `json:"early,omitempty"`
	Layout   string           `json:"layout,omitempty"`
	FirstBad string           `json:"first_bad,omitempty"` // the newest refusal's first malformed line
	Unread   string           `json:"unread,omitempty"`    // the first malformed line of the newest reading that had one
	Lacks    []sli.Lack       `json:"lacks,omitempty"`     // what its lines lack to be judged, as last seen
	Sifted   *sli.Sifted      `json:"sifted,omitempty"`    // what its conditions let through since the fingerprint is the same
	Zone     string           `json:"zone,omitempty"`      // sli.Facts.Zone, once a stamp without zone was read by it
	// Begun are minutes that were read too late for cells, and not to their end yet.
	Begun map[sli.Minute]share `json:"begun,omitempty"`
}

// share is how much of a minute could be read.
type share struct {
	Parsed    int64 `json:"parsed"`
	Malformed int64 `json:"malformed"`
}

func (s share) tally() sli.Tally { return sli.Tally{Parsed: s.Parsed, Malformed: s.Malformed} }

// measured is the minutes that were answered, and neither refused nor set aside.
func (s stageRecord) measured() sli.Intervals {
	return s.Answered.Minus(s.Refused).Minus(s.Lost).Minus(s.Ahead)
}

// ruleRecord is an SLI's history beside its cells.
type ruleRecord struct {
	Fingerprint string        `json:"fingerprint"`
	Since       sli.Minute    `json:"since"`
	HasSince    bool          `json:"has_since"`
	Silent      sli.Intervals `json:"silent,omitempty"`   // minutes booked for their silence
	Booked      silentMinutes `json:"booked,omitempty"`   // of them, what has not come out yet
	Derived     sli.Intervals `json:"derived,omitempty"`  // minutes whose cells are derived, and stand
	Doubtful    minutes       `json:"doubtful,omitempty"` // minutes in which more events couldn't be judged than could

	Succeeds  bool       `json:"succeeds,omitempty"`  // another rule counted before it
	Balance   *balance   `json:"balance,omitempty"`   // of the period that metrics speak of
	Explained sli.Minute `json:"explained,omitempty"` // why earlier minutes aren't measured is noted, see noteGaps

	// Events points: minutes up to TakenTo are in points already; what changed in
	// them since is Carry. Minutes before EventsFrom and those in LeftOut never enter.
	Started    bool          `json:"started"`
	TakenTo    sli.Minute    `json:"taken_to"`
	EventsFrom sli.Minute    `json:"events_from"`
	Carry      sli.Counts    `json:"carry"`
	LeftOut    sli.Intervals `json:"left_out,omitempty"`
}

// minutes are spans that may be many and short. They are spelled as lengths: from the
// epoch to the first, of the first, to the next, and so on.
type minutes sli.Intervals

func (m minutes) MarshalJSON() ([]byte, error) {
	lengths := make([]sli.Minute, 0, 2*len(m))
	at := sli.Minute(0)
	for _, w := range m {
		lengths = append(lengths, w.From-at, w.To-w.From)
		at = w.To
	}
	return json.Marshal(lengths)
}

func (m *minutes) UnmarshalJSON(data []byte) error {
	var lengths []sli.Minute
	if err := json.Unmarshal(data, &lengths); err != nil {
		return err
	}
	*m = nil
	at := sli.Minute(0)
	for i := 0; i+1 < len(lengths); i += 2 {
		w := sli.Window{From: at + lengths[i], To: at + lengths[i] + lengths[i+1]}
		*m, at = append(*m, w), w.To
	}
	return nil
}

// Names are [A-Za-z0-9_-]+, so a slash separates.

func pipelineKey(pipeline string) []byte { return key("p", pipeline) }

func stageKey(pipeline, stage, reads string) []byte {
	return key("s", pipeline, stage, short(reads))
}

func ruleKey(pipeline string, kind sli.Kind) []byte { return key("r", pipeline, string(kind)) }

func stageCellPrefix(pipeline, stage, fingerprint string) []byte {
	return key("c", pipeline, stage, fingerprint, "")
}

func ruleCellPrefix(pipeline string, kind sli.Kind, fingerprint string) []byte {
	return key("k", pipeline, string(kind), fingerprint, "")
}

// besideCells are the families of keys that an SLI's history has beside its cells, each
// by the rule's fingerprint.
var besideCells = []string{arrivals, revisions, gaps, filled, filledFrom, blame}

func rulePrefix(family, pipeline string, kind sli.Kind, fingerprint string) []byte {
	return key(family, pipeline, string(kind), fingerprint, "")
}

func key(parts ...string) []byte { return []byte(strings.Join(parts, "/")) }

// short is a name for a long text: the first 16 hex digits of its SHA-256. Nothing
// that was hashed can be read from the state.
func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// getRecord reads a JSON record; false where there is none. One that can't be read
// counts as none: its history begins anew.
func getRecord[R any](tx Tx, key []byte, into *R) bool {
	questions, remembers := tx.(*questionTx)
	if remembers {
		if known, ok := questions.records[string(key)].(*R); ok {
			*into = *known
			return true
		}
	}
	data := tx.Get(key)
	if data == nil || !unpackRecord(data, into) {
		return false
	}
	if remembers {
		known := *into
		questions.records[string(key)] = &known
	}
	return true
}

// questionTx is the transaction that a run's questions are made in. Many ask for the same
// record, that of a log of thousands of files is long, and nothing is written to one: each
// is read from its JSON once.
type questionTx struct {
	Tx
	records map[string]any
}

func unpackRecord(data []byte, into any) bool { return json.Unmarshal(data, into) == nil }

func putRecord(tx Tx, key []byte, record any) {
	data, err := json.Marshal(record)
	if err != nil {
		panic("measure: a record can't be spelled: " + err.Error()) // records are ours: plain data
	}
	tx.Put(key, data)
}
