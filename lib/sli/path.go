package sli

// Path is which stages of a plan are front, queue, worker and store to a record on
// its way: where what estimators need is read.
type Path struct {
	Plan                                  *Plan
	Front, Accepted, Worker, Done, Ending *Stage
	Inputs                                []string // names of the stages that inputs come from
}

// Path is the plan's path, by the stages that coverage names where it does.
func (p *Plan) Path() Path { return p.PathOf(p.ends()) }

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

// find is the first stage that fits the first of the wishes that some stage fits.
func (p *Plan) Find(wishes ...func(Facts) bool) *Stage {
	for _, fits := range wishes {
		for i := range p.Stages {
			if fits(p.Stages[i].Facts) {
				return &p.Stages[i]
			}
		}
	}
	return nil
}

func (p *Plan) FindLast(fits func(Facts) bool) *Stage {
	for i := len(p.Stages) - 1; i >= 0; i-- {
		if fits(p.Stages[i].Facts) {
			return &p.Stages[i]
		}
	}
	return nil
}

func (p *Plan) named(names []string, otherwise *Stage) *Stage {
	if len(names) == 0 {
		return otherwise
	}
	return p.Stage(names[0])
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

// ends are the stages that coverage names for what was accepted and what came out.
func (p *Plan) ends() (accepted, done []string) {
	if r := p.Rule(Coverage); r != nil {
		return r.Accepted, r.Done
	}
	return nil, nil
}

// ends are the names of the stages where records are accepted and where they come out.
func (path Path) Ends() []string {
	return Path{Plan: path.Plan, Accepted: path.Accepted, Done: path.Done}.StageNames()
}
