package sli

import "mackerel-plugin-pipeline-sli/lib/estimate"

// Path is which stages of a plan are front, queue, worker and store to a record on
// its way: where what estimators need is read.
type Path struct {
	Plan                                  *Plan
	Front, Accepted, Worker, Done, Ending *Stage
	Inputs                                []string // names of the stages that inputs come from
}

// Path is the plan's path, by the stages that coverage names where it does.
func (p *Plan) Path() Path {
	if r := p.Rule(Coverage); r != nil {
		return p.PathOf(r.Accepted, r.Done)
	}
	return p.PathOf(nil, nil)
}

// PathOf finds the stages of a path. accepted and done name the stages that count,
// where the configuration does.
func (p *Plan) PathOf(accepted, done []string) Path {
	path := Path{Plan: p}
	path.Front = p.Find(func(f Facts) bool { return f.Gives(Request) && f.Latency })
	path.Accepted = p.named(accepted, p.Find(
		func(f Facts) bool { return f.Gives(Accepted) && f.Role == Queue },
		func(f Facts) bool { return f.Gives(Accepted) && !f.Gives(Request) },
		func(f Facts) bool { return f.Gives(Accepted) }))
	path.Worker = p.Find(func(f Facts) bool { return f.Role == Worker && f.Gives(Invocation) })
	path.Done = p.named(done, p.FindLast(func(f Facts) bool { return f.Gives(Done) || f.Gives(HandFailed) }))
	path.Ending = p.FindLast(func(f Facts) bool { return f.Gives(Done) })
	for _, s := range p.Stages {
		path.Inputs = append(path.Inputs, s.Name)
	}
	return path
}

// stages are the names of the stages that the path reads, each once, in order.
func (path Path) StageNames() []string {
	var names []string
	for i := range path.Plan.Stages {
		s := &path.Plan.Stages[i]
		front := s == path.Front && path.Worker != nil // nothing else needs its latency
		if front || s == path.Accepted || s == path.Worker || s == path.Done || s == path.Ending {
			names = append(names, s.Name)
		}
	}
	return names
}

var emptyCell = new(StageCell)

// cell is what a stage counted in a minute that it has answered for: nothing, where
// there is no cell.
func CellAt(h History, s *Stage, m Minute) *StageCell {
	if c := h.Cell(s.Name, m); c != nil {
		return c
	}
	return emptyCell
}

// ends are the names of the stages where records are accepted and where they come out.
func (path Path) Ends() []string {
	return Path{Plan: path.Plan, Accepted: path.Accepted, Done: path.Done}.StageNames()
}

// HasState tells whether both ends of the path are known: where the pipeline is heading
// follows from what arrives and what is worked off.
func (path Path) HasState() bool {
	return path.Accepted != nil && (path.Worker != nil || path.Done != nil)
}

// HasBacklog tells whether both ends of the pipeline are counted.
func (path Path) HasBacklog() bool {
	return path.Accepted != nil && path.Done != nil
}

// Parts are the stages that a mean delay is told for: the front's latency, and, where
// a worker's metrics are known, the time in the queue, of the work and of the store.
func (path Path) Parts() []string {
	var names []string
	for i := range path.Plan.Stages {
		s := &path.Plan.Stages[i]
		if s == path.Front || (path.Worker != nil && (s == path.Worker || s == path.Accepted || s.Facts.Role == Store)) {
			names = append(names, s.Name)
		}
	}
	return names
}

// Mean is a stage's part of the mean delay, in seconds.
func (path Path) Mean(name string, d *estimate.StageDelay, c *StageCell) (float64, bool) {
	s := path.Plan.Stage(name)
	switch {
	case s == path.Front && c.Latency.Count() > 0:
		return c.Latency.Mean(), true
	case d == nil || path.Worker == nil:
		return 0, false
	case s == path.Worker:
		return d.Work, true
	case s == path.Accepted:
		return d.Queue, true
	case s.Facts.Role == Store:
		return d.Store, d.Store > 0
	}
	return 0, false
}
