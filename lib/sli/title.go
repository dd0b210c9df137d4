package sli

// Title is the pipeline as people read it: its label with its name, or its name.
func (p *Plan) Title() string {
	if p.Label == "" || p.Label == p.Name {
		return p.Name
	}
	return p.Label + " (" + p.Name + ")"
}
