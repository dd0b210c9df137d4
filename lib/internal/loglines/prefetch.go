package loglines

import (
	"bytes"
	"runtime"
	"sync/atomic"

	"mackerel-plugin-pipeline-sli/lib/internal/feed"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
)

// prefetcher looks, on another core, at lines that are yet to be read. What it saw spares
// the reading most of the work on them; it counts nothing and changes nothing.
type prefetcher struct {
	templates atomic.Pointer[logscan.Templates] // of the file that is being read
	spare     chan *prefetch                    // to be used again
}

// spares is how many are kept to be used again: more aren't under way.
const spares = 4

// prefetch is what was seen of a piece of a file.
type prefetch struct {
	logscan.Prescanned
	from int // where the first line begins that was looked at
}

// start is for a feed; nil where there is no other core.
func (p *prefetcher) start() feed.Prefetch {
	if runtime.GOMAXPROCS(0) < 2 {
		return nil
	}
	p.spare = make(chan *prefetch, spares)
	return func(data []byte, waited func() bool) any {
		templates := p.templates.Load()
		if templates == nil {
			return nil
		}
		var f *prefetch
		select {
		case f = <-p.spare:
		default:
			f = new(prefetch)
		}
		if f.from = bytes.IndexByte(data, '\n') + 1; f.from == 0 {
			f.from = len(data)
		}
		f.Prescan(templates, data, f.from, waited)
		return f
	}
}

// free gives back what is no longer needed.
func (p *prefetcher) free(f *prefetch) {
	select {
	case p.spare <- f:
	default:
	}
}
