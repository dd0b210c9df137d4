package logscan

import "maps"

// detectLines is how many parsed lines decide a file's format.
const detectLines = 100

// detection finds out how a log is written, by votes of its lines.
type detection struct {
	candidates []Format
	votes      map[string]int // by the format's name
}

func newDetection(application bool, remembered map[string]int) detection {
	d := detection{detected(application), map[string]int{}}
	maps.Copy(d.votes, remembered)
	return d
}

// vote takes in a line that could be read as f.
func (d *detection) vote(f Format, rec *Record) {
	switch rec.Line {
	case LineRecord, LineText:
	case LineEMF:
		f = EMF
	default:
		f = Report
	}
	d.votes[f.String()]++
}

// winner is the format with the most votes so far, Auto before the first. One line of
// a function's log speaks against JSON, which wouldn't let it have the others.
func (d *detection) winner() Format {
	best := Auto
	for _, f := range d.candidates {
		n := d.votes[f.String()]
		if n == 0 || best != Auto && n <= d.votes[best.String()] {
			continue
		}
		if f != JSON || !formats[best].function {
			best = f
		}
	}
	return best
}

// decided is the format that enough lines have voted for, else Auto.
func (d *detection) decided() Format {
	total := 0
	for _, f := range d.candidates {
		total += d.votes[f.String()]
	}
	if total < detectLines {
		return Auto
	}
	return d.winner()
}
