package sli

// MaxMethods bounds the names a cell keeps of HTTP methods; the rest is "other".
const MaxMethods = 64

// StageCell is what one stage's source said about one minute, or, merged, about a
// window.
type StageCell struct {
	Tally   Tally
	Signals [signals]float64
	Status  [6]float64 // 1xx … 5xx at 1…5, anything else at 0
	Methods map[string]float64
	Latency Distribution
	Delay   Distribution
	Levels  map[string]float64

	// Summaries are what statistics say, by name: age, work, store. They don't merge.
	Summaries map[string]Summary `json:",omitempty"`
}

// Count adds one event. Its verdicts are the SLIs' affair.
func (c *StageCell) Count(e *Event) {
	c.Signals[e.Signal] += e.Weight
	if e.Signal == Request {
		class := e.Status / 100
		if class < 1 || class > 5 {
			class = 0
		}
		c.Status[class] += e.Weight
		c.countMethod(e.Method, e.Weight)
	}
	if e.HasLatency {
		c.Latency.Add(e.Latency, uint64(e.Weight+0.5))
	}
	if e.HasDelay {
		c.Delay.Add(e.Delay, uint64(e.Weight+0.5))
	}
}

func (c *StageCell) countMethod(method []byte, weight float64) {
	if len(method) == 0 {
		return
	}
	if c.Methods == nil {
		c.Methods = make(map[string]float64)
	}
	// The conversion in an index expression doesn't allocate.
	if n, ok := c.Methods[string(method)]; ok {
		c.Methods[string(method)] = n + weight
		return
	}
	c.addMethod(methodName(method), weight)
}

// methodName spells what can be an HTTP method and hides what can't: a hostile
// request line must not choose what explain prints.
func methodName(method []byte) string {
	if len(method) > 32 {
		return "other"
	}
	for _, b := range method {
		if (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') && b != '-' && b != '_' {
			return "other"
		}
	}
	return string(method)
}

func (c *StageCell) addMethod(name string, weight float64) {
	if _, known := c.Methods[name]; !known && len(c.Methods) >= MaxMethods-1 {
		name = "other"
	}
	c.Methods[name] += weight
}

// Merge adds all of d; levels keep the larger value.
func (c *StageCell) Merge(d *StageCell) {
	if d == nil {
		return
	}
	c.Tally.Add(d.Tally)
	for i, v := range d.Signals {
		c.Signals[i] += v
	}
	for i, v := range d.Status {
		c.Status[i] += v
	}
	for name, v := range d.Methods {
		if c.Methods == nil {
			c.Methods = make(map[string]float64)
		}
		c.addMethod(name, v)
	}
	c.Latency.Merge(&d.Latency)
	c.Delay.Merge(&d.Delay)
	for name, v := range d.Levels {
		c.Raise(name, v)
	}
	for name, v := range d.Summaries {
		c.Describe(name, v)
	}
}

// Describe sets what statistics say under a name.
func (c *StageCell) Describe(name string, v Summary) {
	if c.Summaries == nil {
		c.Summaries = make(map[string]Summary)
	}
	c.Summaries[name] = v
}

// Raise sets a level to v where it isn't larger already.
func (c *StageCell) Raise(name string, v float64) {
	if c.Levels == nil {
		c.Levels = make(map[string]float64)
	}
	if old, ok := c.Levels[name]; !ok || v > old {
		c.Levels[name] = v
	}
}
