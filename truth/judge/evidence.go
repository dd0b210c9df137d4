package judge

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of PostgreSQL

	"mackerel-plugin-pipeline-sli/lib/source/xray/xraytest"
	"mackerel-plugin-pipeline-sli/truth/sim"
)

// evidence is where a world can be seen besides its logs and metrics: traces, rows of
// a store, and a front that takes known-answer records.
type evidence struct {
	world  *sim.World
	now    sim.Instant
	traces *xraytest.Server
	front  *httptest.Server
	rows   *sql.DB // nil: none

	byVisible []sim.Record // to be written as rows, in order
	ended     []sim.Cell   // traces by the minute they ended in
	probes    map[string]*probe
}

// probe is a known-answer record that takes the way of a simulated one.
type probe struct {
	Square  int64
	sent    sim.Instant
	delay   sim.Instant // until visible
	visible bool        // ever
}

// open starts what isn't there yet.
func (e *evidence) open(dsn string) error {
	e.now = e.world.Start
	e.probes = map[string]*probe{}
	e.front = httptest.NewServer(http.HandlerFunc(e.serve))
	e.traces = xraytest.New(func() time.Time { return e.now.Time() })
	e.traces.Filter(`service("worker")`, func(t xraytest.Trace) bool { return t.Segments[len(t.Segments)-1].Service == "worker" })
	e.trace()
	if dsn == "" {
		return nil
	}
	e.byVisible = slices.DeleteFunc(slices.Clone(e.world.Records), func(r sim.Record) bool { return r.Visible == sim.Never })
	slices.SortStableFunc(e.byVisible, func(a, b sim.Record) int { return cmp.Compare(a.Visible, b.Visible) })
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return err
	}
	e.rows = db
	_, err = db.Exec(`CREATE TABLE IF NOT EXISTS videos (accepted_at timestamptz NOT NULL, updated_at timestamptz NOT NULL); TRUNCATE videos`)
	return err
}

func (e *evidence) close() {
	e.front.Close()
	e.traces.Close()
	if e.rows != nil {
		_ = e.rows.Close()
	}
}

// arriving is how long a segment takes to reach the service that collects traces.
const arriving = 5 * time.Second

// trace puts all sampled traces; each part can be seen when it has arrived.
func (e *evidence) trace() {
	e.ended = cells(e.world)
	for t := range e.world.Traces(e.world.Start, e.world.End, sim.Never-1) {
		answered, end := t.Start.Time().Add(t.ResponseTime), t.Start.Time().Add(t.Duration)
		segments := []xraytest.Segment{{Service: "front", Start: t.Start.Time(), End: answered, Arrived: answered.Add(arriving)}}
		if end.After(answered) {
			segments = append(segments, xraytest.Segment{Service: "worker", Start: end, End: end, Arrived: end.Add(arriving)})
			count(e.ended, e.world.Start, sim.At(end), t.Duration <= freshnessThreshold)
		}
		e.traces.Put(xraytest.Trace{ID: t.ID, Segments: segments})
	}
}

// advance lets everything go on until an instant.
func (e *evidence) advance(rig *Rig, to sim.Instant) error {
	e.now = to
	return errors.Join(e.write(to), rig.Advance(to))
}

// write adds the rows that have become visible.
func (e *evidence) write(to sim.Instant) error {
	if e.rows == nil {
		return nil
	}
	tx, err := e.rows.Begin()
	if err != nil {
		return err
	}
	for len(e.byVisible) > 0 && e.byVisible[0].Visible <= to {
		r := e.byVisible[0]
		e.byVisible = e.byVisible[1:]
		if _, err := tx.Exec("INSERT INTO videos VALUES ($1, $2)", r.Accepted.Time(), r.Visible.Time()); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// serve is the front that takes probes, and the store that shows them.
func (e *evidence) serve(rw http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		var body struct {
			ID string
			N  int64
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		p := &probe{Square: body.N * body.N, sent: e.now}
		if i := slices.IndexFunc(e.world.Records, func(r sim.Record) bool { return r.IsAccepted() && r.Accepted >= e.now }); i >= 0 {
			like := e.world.Records[i]
			p.visible, p.delay = like.Visible != sim.Never, like.Visible-like.Accepted
		}
		e.probes[body.ID] = p
		rw.WriteHeader(http.StatusCreated)
		return
	}
	p := e.probes[strings.TrimPrefix(r.URL.Path, "/")]
	if p == nil || !p.visible || p.sent+p.delay > e.now {
		http.NotFound(rw, r)
		return
	}
	_ = json.NewEncoder(rw).Encode(map[string]any{"square": p.Square, "processed_at": (p.sent + p.delay).Time()})
}

// arrived is the truth of all records, by the minute they were accepted in.
func (e *evidence) arrived() []sim.Cell {
	return e.world.FreshnessByArrival(e.world.Start, e.world.End, freshnessThreshold)
}

// own is the truth of what a method counts in [from, to); false where it counts no
// records.
func (e *evidence) own(rig *Rig, method string, from, to sim.Instant) (sim.Cell, bool) {
	c := &claim{}
	switch method {
	case "records":
		c = &claim{truth: e.world.FreshnessByLog(freshnessThreshold), settle: 10 * time.Second,
			late: e.world.SilentMinutes(freshnessThreshold), lateBy: freshnessThreshold}
	case "rows":
		c.truth = cells(e.world)
		for _, r := range e.world.Records {
			if r.Visible != sim.Never {
				count(c.truth, e.world.Start, r.Visible, r.Visible.Sub(r.Accepted) <= freshnessThreshold)
			}
		}
	case "stages", "flow":
		c.truth = e.arrived()
	case "traces":
		c.truth = e.ended
	case "prover":
		c.truth = cells(e.world)
		for _, p := range e.probes {
			count(c.truth, e.world.Start, p.sent, p.visible && p.delay <= sim.Instant(freshnessThreshold/time.Microsecond))
		}
	default:
		return sim.Cell{}, false
	}
	return c.known(rig, from, to), true
}

// cells are empty ones for every minute of a world.
func cells(w *sim.World) []sim.Cell {
	var out []sim.Cell
	for m := w.Start; m < w.End; m += minute {
		out = append(out, sim.Cell{Minute: m})
	}
	return out
}

func count(cells []sim.Cell, start, at sim.Instant, good bool) {
	i := int((at - start) / minute)
	if i < 0 || i >= len(cells) {
		return
	}
	cells[i].Valid++
	if good {
		cells[i].Good++
	}
}
