package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// following is how far an export has come that goes on from run to run, kept in a file of
// the user's. What comes next is written beside it, so that he who posts the minutes puts
// it in place once they are posted: a minute comes again rather than never.
type following struct {
	Version int              `json:"version"`
	Series  map[string]place `json:"series"` // by pipeline and SLI, or age

	printed map[string][]place // in this run
	from    sli.Minute         // of series that aren't in the file
}

// place is where a series goes on.
type place struct {
	Next  time.Time `json:"next"`  // the minute that begins then
	Valid float64   `json:"valid"` // less than a whole event, which goes into that minute
	Good  float64   `json:"good"`
}

const (
	followVersion = 1
	// firstFollowed is how far back an export reaches that goes on from nothing.
	firstFollowed = time.Hour
	// heldFor is how long a minute that isn't measured is waited for.
	heldFor = 3 * time.Hour
)

// follow reads the file that --follow names, nil where it isn't typed; and the minutes to
// look at.
func (p exporting) follow() (*following, sli.Window, error) {
	if p.opt.Follow == "" {
		w, err := window(p).whole()
		return nil, w, err
	}
	if p.opt.To != "" {
		return nil, sli.Window{}, withHint(errors.New("--to means nothing with --follow"), "it prints up to the newest due minute")
	}
	w, err := window(p).between(firstFollowed)
	if err != nil {
		return nil, w, err
	}
	f := &following{Version: followVersion, Series: map[string]place{}, printed: map[string][]place{}, from: w.From}
	text, err := readBounded(p.opt.Follow)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, w, nil
	case err == nil:
		var kept following
		if err = json.Unmarshal(text, &kept); err == nil && (kept.Version != followVersion || kept.Series == nil) {
			err = errors.New("is not what export wrote")
		}
		f.Series = kept.Series
	}
	if err != nil {
		return nil, w, withHint(fmt.Errorf("--follow %s: can't be read: %w", p.opt.Follow, plainly(err)), "remove it to begin anew, with --from where earlier minutes are wanted")
	}
	first := true
	for _, at := range f.Series {
		if from := sli.MinuteAt(at.Next); first || from < w.From {
			w.From, first = from, false
		}
	}
	w.From = min(w.From, w.To) - sli.Minute(firstFollowed/time.Minute) // what is asked of the sources begins with whole minutes
	return f, w, nil
}

// next is the minute that a series goes on with, and what is carried into it.
func (f *following) next(series string) (sli.Minute, sli.Counts) {
	at, known := f.Series[series]
	if !known {
		return f.from, sli.Counts{}
	}
	return sli.MinuteAt(at.Next), sli.Counts{Valid: at.Valid, Good: at.Good}
}

// done notes that a minute was printed, and what was left of its events.
func (f *following) done(series string, m sli.Minute, rest sli.Counts) {
	f.printed[series] = append(f.printed[series], place{m.End(), rest.Valid, rest.Good})
}

// conclude says where series go on: behind what was printed, but not beyond a minute that
// may still be measured.
func (f *following) conclude(now time.Time, missing map[string]sli.Intervals) {
	for series, printed := range f.printed {
		from, rest := f.next(series)
		at := place{from.Start(), rest.Valid, rest.Good}
		held := sli.MinuteAt(now)
		since := max(from, sli.MinuteAt(now.Add(-heldFor)))
		if _, known := f.Series[series]; !known { // before its first minute it was never counted
			since = max(since, sli.MinuteAt(printed[0].Next))
		}
		for _, w := range missing[series].Within(sli.Window{From: since, To: held}) {
			held = min(held, w.From)
		}
		for _, p := range printed {
			if sli.MinuteAt(p.Next) <= held {
				at = p
			}
		}
		f.Series[series] = at
	}
}

// nextFile is where it stands from where to go on.
func nextFile(name string) string { return name + ".next" }

// keep writes where to go on.
func (f *following) keep(name string) error {
	err := writeFile(nextFile(name), func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(f)
	})
	if err != nil {
		return fmt.Errorf("--follow: %s can't be written: %w", nextFile(name), err)
	}
	return nil
}
