package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// Evidence is what a stage's section describes; what can read it is the caller's to
// know.
type Evidence interface{ Facts() sli.Facts }

// Kind is a kind of stage, or of evidence that a pipeline has beside its stages.
type Kind struct {
	Beside  bool // a key of the pipeline, not of a stage
	Options any  // the struct its section decodes into, for the schema and the reference
	New     func(*section.Node, StageContext) (Evidence, error)

	// Further is evidence that a key of the section describes by itself; a stage beside the
	// section's, called by both names.
	Further map[string]Further
}

// Further makes evidence of a key's node; of is the section that it stands in.
type Further func(node, of *section.Node, around StageContext) (Evidence, error)

// StageContext is what a stage's section may need from outside of it.
type StageContext struct {
	Pipeline, Stage string
	Zone            *time.Location
	AWS             []AWS // the stage's, the pipeline's and the file's; earlier ones win
	Graphs          sli.Graphs
	Latency         bool // the latency SLI is configured
}

// AWS says which account and region is asked, and as whom.
type AWS struct {
	Region      string `yaml:"region" doc:"the AWS region" otherwise:"AWS_REGION, else the profile's"`
	Profile     string `yaml:"profile" doc:"a profile of the shared configuration files" otherwise:"AWS_PROFILE, else default"`
	RoleARN     string `yaml:"role_arn" pattern:"arn:[^:]+:iam::[0-9]{12}:role/.+" doc:"the role to assume"`
	ExternalID  string `yaml:"external_id" secret:"true" doc:"what the role's trust policy may ask for"`
	EndpointURL string `yaml:"endpoint_url" secret:"true" pattern:"https?://[^@?#]+" hint:"without a login or parameters; credentials come from the environment, a profile or a role" doc:"another endpoint for every service" otherwise:"AWS_ENDPOINT_URL, else the region's"`
}

// Config is what configuration files say.
type Config struct {
	StateDir  string
	Language  string // of texts; empty: not said
	Record    string // where every run is recorded; empty: nowhere
	Pipelines []Pipeline
}

// Pipeline is a plan with the evidence of its stages, in the same order.
type Pipeline struct {
	Plan     *sli.Plan
	Evidence []Evidence

	name *section.Node
}

// Reader reads configuration files.
type Reader struct {
	Kinds  map[string]Kind
	Getenv func(string) (string, bool)
	Zone   *time.Location // the host's
	// ReadFile reads a file that the configuration names; nil: such files are left alone.
	ReadFile func(path string) ([]byte, error)
	// Only are the pipelines that are made of their sections; nil: every one is.
	Only []string
}

// Source is one file's name and text.
type Source struct {
	Name string // as messages show it
	Path string // absolute; pipelines belong to it
	Text []byte
	Puts []Put // what is other than in the text
}

// Put is a value of a pipeline that is tried instead of the file's.
type Put struct {
	Pipeline string   // its name; empty: every one
	Path     []string // within the pipeline; an entry of a list goes by its name
	Value    string   // as the file spells it; empty: the key is taken away
	From     string   // what messages show as its file: a flag
}

// put changes the pipelines of a file.
func (s Source) put(root *section.Node) error {
	list, _ := root.Get("pipelines")
	if list == nil {
		return nil
	}
	var errs []error
	for _, node := range list.Items() {
		name, ok := node.Get("name")
		for _, p := range s.Puts {
			if ok && (p.Pipeline == "" || p.Pipeline == name.String()) {
				errs = append(errs, node.Put(p.Path, p.Value, p.From))
			}
		}
	}
	return errors.Join(errs...)
}

// Read reads all files together; pipeline names are unique across them. The error
// holds everything that is wrong, as section.All lists it.
func (r Reader) Read(sources []Source) (*Config, error) {
	c := new(Config)
	var errs []error
	seen := map[string]string{}
	for _, source := range sources {
		part, err := r.read(source)
		errs = append(errs, err)
		c.StateDir = cmp.Or(part.StateDir, c.StateDir)
		c.Language = cmp.Or(part.Language, c.Language)
		c.Record = cmp.Or(part.Record, c.Record)
		for _, p := range part.Pipelines {
			if other, ok := seen[p.Plan.Name]; ok {
				errs = append(errs, p.name.Errorf("the other one is in "+other, "pipeline names must be unique"))
			}
			seen[p.Plan.Name] = source.Name
		}
		c.Pipelines = append(c.Pipelines, part.Pipelines...)
	}
	return c, errors.Join(errs...)
}

func (r Reader) read(source Source) (Config, error) {
	part, err := r.readOwn(source)
	if err != nil && unrecognised(source.Text) {
		err = &section.Error{File: source.Name, Line: 1, Column: 1, Rule: "is no configuration of this program: nothing in it is called pipelines",
			Hint: "write a starter file with: mackerel-plugin-pipeline-sli init"}
	}
	return part, err
}

// unrecognised tells whether a text is no configuration at all, but perhaps some other file
// whose lines are nobody's to see. A key that only this program's files have, or nearly,
// makes it one.
func unrecognised(text []byte) bool {
	if len(bytes.TrimSpace(text)) == 0 {
		return false
	}
	for line := range bytes.Lines(text) {
		for word := range bytes.FieldsFuncSeq(line, func(r rune) bool { return !unicode.IsLetter(r) && r != '_' && r != '-' }) {
			if _, near := section.Suggest(string(word), []string{"pipelines", "state_dir"}); near {
				return false
			}
		}
	}
	return true
}

func (r Reader) readOwn(source Source) (Config, error) {
	root, err := section.Parse(source.Name, source.Text, r.Getenv)
	if root == nil {
		return Config{}, err
	}
	if err := source.put(root); err != nil {
		return Config{}, err
	}
	var f file
	errs := []error{err, root.DecodeVariants(&f, r.variants())}
	if errors.Join(errs...) != nil {
		return Config{Language: f.Language}, errors.Join(errs...)
	}
	list, _ := root.Get("pipelines")
	var pipelines []Pipeline
	for i, node := range list.Items() {
		if r.Only != nil && !slices.Contains(r.Only, f.Pipelines[i].Name) {
			continue
		}
		b := builder{reader: r, root: root, node: node, from: f.Pipelines[i], metrics: f.Metrics, aws: f.AWS}
		p := b.build()
		p.Plan.Owner = source.Path
		pipelines = append(pipelines, p)
		for _, err := range b.errs { // what is wrong at the top level is wrong for all
			if !slices.ContainsFunc(errs, func(said error) bool { return said != nil && said.Error() == err.Error() }) {
				errs = append(errs, err)
			}
		}
	}
	return Config{StateDir: f.StateDir, Language: f.Language, Record: f.Record, Pipelines: pipelines}, errors.Join(errs...)
}

func (r Reader) variants() section.Variants {
	v := section.Variants{}
	for name, kind := range r.Kinds {
		if !kind.Beside {
			v[name] = kind.Options
		}
	}
	return v
}

// Schema is the JSON Schema of the file, for editors.
func (r Reader) Schema() []byte {
	return section.Schema(file{}, "configuration of mackerel-plugin-pipeline-sli", r.variants())
}

// Tables are the reference of the file's keys in Markdown: of each kind of stage by
// its name, and of the frame by the empty one.
func (r Reader) Tables() map[string]string {
	tables := map[string]string{"": section.Table(file{})}
	for name, kind := range r.Kinds {
		tables[name] = section.Table(kind.Options)
	}
	return tables
}

// builder makes one pipeline out of its section.
type builder struct {
	reader  Reader
	root    *section.Node
	node    *section.Node
	from    pipeline
	metrics section.StringList // top level's
	aws     AWS                // top level's
	plan    *sli.Plan
	found   []Evidence
	errs    []error
}

func (b *builder) refuse(err error) { b.errs = append(b.errs, err) }

// at is the node of a key that is known to be there, else the pipeline's own.
func (b *builder) at(keys ...string) *section.Node {
	n := b.node
	for _, key := range keys {
		if child, ok := n.Get(key); ok {
			n = child
		}
	}
	return n
}

func (b *builder) build() Pipeline {
	f := b.from
	b.plan = &sli.Plan{
		Name:       f.Name,
		Label:      f.Label,
		Window:     time.Duration(f.Window),
		Runbook:    f.Runbook,
		RenameFrom: f.RenameFrom,
		SingleHost: f.Assume == "single_host",
		StageNames: map[string]string{},
	}
	if u, err := url.Parse(f.Runbook); f.Runbook != "" && (err != nil || u.User != nil) {
		e := b.at("runbook").Errorf("", "must be a URL without a login: everybody who gets the alert reads it")
		e.Got = ""
		b.refuse(e)
	}
	for key, text := range map[string]string{"label": f.Label, "runbook": f.Runbook} {
		if strings.ContainsFunc(text, unicode.IsControl) {
			b.refuse(b.at(key).Errorf("", "must not hold control characters (got %q)", text))
		}
	}
	b.periods()
	b.graphs()
	b.stages()
	b.prover()
	b.exclusions()
	b.excludeFile()
	if len(b.errs) == 0 {
		b.limits()
		b.rules()
		b.judged()
	}
	return Pipeline{Plan: b.plan, Evidence: b.found, name: b.at("name")}
}

func (b *builder) graphs() {
	words, at := b.from.Metrics, b.at("metrics")
	if len(words) == 0 {
		words = b.metrics
		at, _ = b.root.Get("metrics")
	}
	if len(words) == 0 {
		words = section.StringList{"minimal"}
	}
	for i, word := range words {
		if _, err := sli.ParseGraphs([]string{word}); err != nil {
			if items := at.Items(); len(items) > 0 {
				at = items[i]
			}
			b.refuse(at.Errorf("choose from: "+strings.Join(sli.GraphWords(), ", "), "no set or graph of that name"))
			return
		}
	}
	graphs, _ := sli.ParseGraphs(words)
	b.plan.Graphs = graphs
}

func (b *builder) stages() {
	nodes := b.at("stages").Items()
	seen := map[string]bool{}
	for i, s := range b.from.Stages {
		switch {
		case seen[s.Name]:
			b.refuse(nodes[i].Errorf(fmt.Sprintf("call it %s-%d", s.Name, i+1), "stage names must be unique (got %q)", s.Name))
		case slices.Contains(indicator.Methods(), s.Name):
			b.refuse(nodes[i].Errorf("call it "+s.Name+"-stage", "a stage can't be called like a method (got %q)", s.Name))
		}
		seen[s.Name] = true
		if s.RenameFrom != "" {
			b.plan.StageNames[s.Name] = s.RenameFrom
		}
		kind := b.reader.Kinds[s.Of.Kind]
		around := StageContext{
			Pipeline: b.from.Name, Stage: s.Name, Zone: b.reader.Zone,
			AWS: []AWS{s.AWS, b.from.AWS, b.aws}, Graphs: b.plan.Graphs, Latency: b.from.SLIs[sli.Latency] != nil || b.from.SLIs[sli.Freshness] != nil,
		}
		evidence, err := kind.New(s.Of.Node, around)
		if err != nil {
			b.refuse(err)
			continue
		}
		b.found = append(b.found, evidence)
		b.plan.Stages = append(b.plan.Stages, sli.Stage{Name: s.Name, Kind: s.Of.Kind, Facts: evidence.Facts()})
		b.capacities(nodes[i], evidence.Facts().Capacity)
		for _, key := range slices.Sorted(maps.Keys(kind.Further)) {
			if node, ok := s.Of.Node.Get(key); ok {
				b.further(s, key, node, around)
			}
		}
	}
	if len(nodes) == 0 {
		b.refuse(b.at("stages").Errorf("", "needs at least one stage"))
	}
}

// further makes the stage that a key of a stage's section describes by itself.
func (b *builder) further(of stage, key string, node *section.Node, around StageContext) {
	evidence, err := b.reader.Kinds[of.Of.Kind].Further[key](node, of.Of.Node, around)
	if err != nil {
		b.refuse(err)
		return
	}
	name := of.Name + "." + key // which no stage can be called
	if of.RenameFrom != "" {
		b.plan.StageNames[name] = of.RenameFrom + "." + key
	}
	b.found = append(b.found, evidence)
	b.plan.Stages = append(b.plan.Stages, sli.Stage{Name: name, Kind: key, Of: of.Name, Facts: evidence.Facts()})
}

// capacities refuses limits that would be posted under one name, or under none.
func (b *builder) capacities(at *section.Node, limits []string) {
	seen := map[string]bool{}
	for _, limit := range limits {
		switch {
		case seen[limit]:
			b.refuse(at.Errorf("watch one of them, or each in a stage of its own", "two of its limits would be one metric of the capacity graph (got %q twice)", limit))
		case strings.Trim(limit, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != "":
			b.refuse(at.Errorf("", "a limit's name is part of a metric's: letters, digits, - and _ (got %q)", limit))
		}
		seen[limit] = true
	}
}

// prover makes the pipeline's prover, which is evidence like a stage's.
func (b *builder) prover() {
	if b.from.Prover == nil {
		return
	}
	kind, ok := b.reader.Kinds[sli.ProverKind]
	if !ok {
		b.refuse(b.at("prover").Errorf("", "is not built in"))
		return
	}
	evidence, err := kind.New(b.from.Prover, StageContext{Pipeline: b.from.Name, Stage: sli.ProverKind, Zone: b.reader.Zone, AWS: []AWS{b.from.AWS, b.aws}})
	if err != nil {
		b.refuse(err)
		return
	}
	b.found = append(b.found, evidence)
	b.plan.Stages = append(b.plan.Stages, sli.Stage{Name: sli.ProverKind, Kind: sli.ProverKind, Facts: evidence.Facts()})
}

// rules finds the rules of the SLIs.
func (b *builder) rules() {
	if len(b.from.SLIs) == 0 {
		b.refuse(b.at("slis").Errorf("availability: { target: 99.9 }", "needs at least one SLI"))
	}
	for _, unfit := range indicator.Resolve(b.plan, b.from.SLIs) {
		b.refuse(b.at("slis", string(unfit.Kind)).Errorf(unfit.Hint, "%s", unfit.Reason))
	}
}

// configured names the SLIs of a plan.
func configured(p *sli.Plan) (names []string) {
	for _, rule := range p.Rules {
		names = append(names, string(rule.Kind))
	}
	return names
}

// limits reads `check:`; which of the SLIs it judges is known once these are.
func (b *builder) limits() {
	c := b.from.Check
	b.plan.Limits = sli.Limits{
		WarningAge: time.Duration(c.WarningAge), CriticalAge: time.Duration(c.CriticalAge),
		WarningRatio: float64(c.WarningRatio), CriticalRatio: float64(c.CriticalRatio),
		BurnRate: c.BurnRate, MaxLag: time.Duration(c.MaxLag), NoTraffic: c.NoTraffic, Missing: c.Missing,
	}
}

// judged reads which SLIs the limits judge, and refuses limits that can't do what they say.
func (b *builder) judged() {
	c := b.from.Check
	for _, name := range c.SLI {
		kind := sli.Kind(name)
		if b.plan.Rule(kind) == nil {
			b.refuse(b.at("check", "sli").Errorf("SLIs here: "+strings.Join(configured(b.plan), ", "), "no SLI of that name is configured (got %q)", name))
		}
		b.plan.Limits.SLIs = append(b.plan.Limits.SLIs, kind)
	}
	for _, limit := range []struct {
		key   string
		value section.Percent
	}{{"warning_ratio", c.WarningRatio}, {"critical_ratio", c.CriticalRatio}} {
		if limit.value > 0 && limit.value <= 1 {
			b.refuse(b.at("check", limit.key).Errorf("did you mean "+digits.Of(float64(limit.value)*100, 6)+"?", "must be a percentage over 1"))
		}
	}
	if key, _, rule := slo.Backwards(b.plan, b.plan.Limits); key != "" {
		b.refuse(b.at("check", key).Errorf("", "%s", rule))
	}
}

// exclusions reads `exclude:`.
func (b *builder) exclusions() {
	nodes := b.at("exclude").Items()
	for i, e := range b.from.Exclude {
		x, err := b.exclusion(e)
		if err != nil {
			b.refuse(nodes[i].Errorf("", "%v", err))
			continue
		}
		b.plan.Exclude = append(b.plan.Exclude, x)
	}
}

// exclusion is an entry of a list of them.
func (b *builder) exclusion(e exclude) (x sli.Exclusion, err error) {
	x.Reason = e.Reason
	for _, name := range e.SLIs {
		if !slices.Contains(indicator.Kinds(), sli.Kind(name)) {
			return x, fmt.Errorf("slis: no SLI of that name (got %q)", name)
		}
		x.SLIs = append(x.SLIs, sli.Kind(name))
	}
	switch {
	case e.Weekly != "" && e.Monthly == "" && e.From == "" && e.To == "":
		x.Again, err = b.weekly(e)
	case e.Monthly != "" && e.Weekly == "" && e.From == "" && e.To == "":
		x.Again, err = b.monthly(e)
	case e.Weekly == "" && e.Monthly == "" && e.From != "" && e.To != "":
		if x.From, err = ParseTime(e.From, b.reader.Zone); err == nil {
			x.To, err = ParseTime(e.To, b.reader.Zone)
		}
		if err == nil && !x.To.After(x.From) {
			err = fmt.Errorf("to must be after from")
		}
	default:
		err = errors.New("needs from and to, or weekly, or monthly")
	}
	return x, err
}
