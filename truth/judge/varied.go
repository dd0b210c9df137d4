package judge

import (
	"fmt"
	"time"

	"mackerel-plugin-pipeline-sli/truth/sim"
)

// Varied is how far shares at a threshold of a minute are off in worlds that have one thing,
// or several, otherwise than their families do.
type Varied struct {
	Name  string
	Share []Errors // by Sights
	Upper Held     // proven
}

func newVaried(name string) Varied { return Varied{Name: name, Share: make([]Errors, len(Sights))} }

func (v *Varied) add(o Varied) {
	for k := range v.Share {
		v.Share[k].Add(o.Share[k])
	}
	v.Upper.Add(o.Upper)
}

// several is the name of worlds in which several things vary, as they come.
const several = "two to five of these at once"

// vary judges the shares of a family's world with these variations.
func vary(family sim.Family, seed uint64, variations ...string) (Varied, error) {
	found := newVaried("")
	scenario, err := sim.Varied(family, seed, variations...)
	if err != nil {
		return found, err
	}
	p, err := runPath(scenario)
	if err != nil {
		return found, err
	}
	for k, sight := range Sights {
		s, err := p.shares(time.Minute, sight)
		if err != nil {
			return found, err
		}
		found.Share[k] = s.errors()
		upper, _ := s.bounds()
		found.Upper.Add(upper)
	}
	return found, nil
}

// eventful are the families in which one thing's being otherwise is judged: in the others
// nothing happens that would divide a window.
var eventful = []sim.Family{sim.BurstTraffic, sim.SlowWorker, sim.Throttled, sim.Stopped, sim.Window, sim.Poison, sim.SilentShard, sim.HotShard, sim.Mixed}

// variations judges as many worlds as asked for of each family, with each variation and
// with several.
func (s Set) variations(r *Result) error {
	type world struct {
		row        int
		family     sim.Family
		seed       uint64
		variations []string
	}
	var worlds []world
	if s.Varied > 0 {
		for _, v := range sim.Variations() {
			for _, family := range eventful {
				for n := range s.Varied {
					worlds = append(worlds, world{len(r.Varied), family, s.First + uint64(n), []string{v.Name}})
				}
			}
			r.Varied = append(r.Varied, newVaried(v.Name))
		}
	}
	if s.Several > 0 {
		for _, family := range sim.Families() {
			for n := range s.Several {
				seed := s.First + uint64(n)
				worlds = append(worlds, world{len(r.Varied), family, seed, sim.Several(family, seed)})
			}
		}
		r.Varied = append(r.Varied, newVaried(several))
	}
	found, err := each(len(worlds), func(i int) (Varied, error) {
		return vary(worlds[i].family, worlds[i].seed, worlds[i].variations...)
	})
	if err != nil {
		return err
	}
	for i, w := range worlds {
		r.Varied[w.row].add(found[i])
	}
	return nil
}

func (p *page) varied(r *Result) {
	if len(r.Varied) == 0 {
		return
	}
	p.text("## Freshness by `stages`: worlds of other kinds",
		fmt.Sprintf("Worlds with one thing changed, %d of each family in which something happens, and with two to five at once, %d of each family (seeds from %d, on which nothing was chosen); the configuration says how things are. "+
			"Error and bias of the 5-minute share at 60 s in percentage points, of the windows whose truth lies between 1 and 99 %%, and the worst one with mapping counts.", r.Set.Varied, r.Set.Several, r.Set.First),
		"How to read it: a pipeline of which something in the first column is true is off by about as much as its row says in the middle of a fault, and one of several such kinds by as much as the last row. "+
			"A negative bias is the safe side. It comes from runs that take half a minute: where nothing counts what is written, their records are taken to come out halfway between one after the other and all at the end.")
	head := []string{"what is otherwise", "windows"}
	for _, s := range Sights {
		head = append(head, s.Name)
	}
	p.head(append(head, "worst")...)
	for _, v := range r.Varied {
		cells := []string{v.Name, fmt.Sprint(v.Share[byMapping].Mixed.N)}
		for k := range Sights {
			cells = append(cells, mixed(v.Share[k]))
		}
		p.row(append(cells, fmt.Sprintf("%.0f", v.Share[byMapping].Mixed.Worst))...)
	}
	p.gap()
}

// mixed is the error and the bias of windows between all and nothing, if there are any.
func mixed(e Errors) string {
	if e.Mixed.N == 0 {
		return "–"
	}
	return points(e.Mixed.Mean()) + " · " + lean(e.Mixed)
}
