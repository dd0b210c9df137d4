package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/recording"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// program is one run of the metric program.
type program struct {
	env   Env
	voice voice
	opt   metricOptions
	set   []string // long names of the flags that were typed
	words []string // behind the command
	now   time.Time

	given    []config.Source     // configuration that is read instead of files; nil: files are
	only     []string            // pipelines that are read of it; nil: every one is
	recorder *recording.Recorder // of this run; nil: it isn't recorded
	replayed *recording.Run      // that this run is made from; nil: it is made from the world

	stateless bool // positions and counts can't be kept
}

// command is a word behind the program's name.
type command struct {
	flags []string // its own, beside those of every command
	doc   string
	run   func(*program, context.Context) int

	example string // what is typed behind the program's name
}

// as makes a command of a method of a type that is a program, and has what is that
// command's alone.
func as[C interface{ ~struct{ *program } }](run func(C, context.Context) int) func(*program, context.Context) int {
	return func(p *program, ctx context.Context) int { return run(C{p}, ctx) }
}

// sharedFlags go with every command, metricFlags with none.
var (
	sharedFlags = slices.Concat(flagNames(common{}), flagNames(sourceless{}))
	metricFlags = []string{"at", "metric-key-prefix", "peek", "take", "no-inject"}
)

// operands are the words behind a command.
type operands struct {
	names       string // as help shows them
	least, most int
}

// commands are all words that mackerel-plugin-pipeline-sli knows.
var commands = map[string]command{
	"backtest":    {[]string{"from", "to", "set", "drill", "recording", "from-mackerel", "host-id", "service", "metric-key-prefix", "attempts", "json"}, "what the check would have said of a past time, with other settings, with incidents put in", as(backtesting.backtest), "backtest --from -7d --to -0m --set slis.freshness.threshold=30s,60s"},
	"doctor":      {[]string{"at"}, "asks every source once and says what works", (*program).doctor, "doctor"},
	"iam-policy":  {nil, "the least-privilege policy for this configuration", (*program).iamPolicy, "iam-policy > policy.json"},
	"budget":      {[]string{"at", "json", "from", "to", "month", "gate"}, "what is left of the error budgets, and what spent it", as(budgeting.budget), "budget --gate 10"},
	fillWords:     {[]string{"from", "to", "from-mackerel", "host-id", "service", "metric-key-prefix"}, "puts past minutes into the budgets: those that Mackerel holds, or that sources still have", as(filling.fill), "budget fill --from-mackerel --from -28d --to -0m"},
	"explain":     {[]string{"at", "json", "all"}, "every number with its formula, its sources and how sure it is", (*program).explain, "explain --at -10m"},
	"validate":    {[]string{"strict"}, "the configuration: errors, scopes, series", (*program).validate, "validate --strict"},
	"export":      {[]string{"from", "to", "follow", "metric-key-prefix"}, "events of every due minute with its own time, for mkr throw", as(exporting.export), "export --from -1h --to -0m | mkr throw --service SERVICE"},
	"dashboard":   {[]string{"host-id", "role", "merge", "metric-key-prefix"}, "a dashboard of the pipelines, for mkr dashboards push", as(generating.dashboard), "dashboard --role SERVICE:ROLE > dashboard.json"},
	"monitors":    {[]string{"role", "merge", "format", "metric-key-prefix"}, "monitors of the burn rates over all hosts of a role, for mkr or Terraform", as(generating.monitors), "monitors --role SERVICE:ROLE --merge monitors.json > merged.json"},
	"annotations": {[]string{"from", "to", "service"}, "graph annotations of what the check said, for Mackerel's API", as(reporting.annotations), "annotations --from -1d --to -0m --service SERVICE"},
	"report":      {[]string{"out", "from", "to", "at", "incident", "redact"}, "a page of what was measured over a stretch of time, to look at, mail and print", as(reporting.report), "report --out report.html --from -7d --to -0m"},
	"init":        {[]string{"test"}, "a commented configuration file to begin with, from flags", as(starting.starter), "init --access-log /var/log/nginx/access.log > pipeline-sli.yaml"},
	"record":      {[]string{"raw"}, "one run, and all that the sources answered in it, kept in DIR", as(keeping.record), "record recorded"},
	"test":        {nil, "cases of the configuration, from files: what it says of evidence that they give", as(trying.test), "test cases.yaml"},
	"replay":      {[]string{"json"}, "what recorded runs said, or explain or the check of them, or what record --raw kept, without the world", as(replaying.replay), "replay recorded explain"},
}

// patient are the commands that take as long as their work takes.
var patient = []string{"annotations", "backtest", "report", "test"}

// takes are the words that commands take; those that aren't named here take none.
var takes = map[string]operands{
	"test":   {"FILE…", 1, 1000},
	"record": {"DIR", 1, 1},
	"replay": {"DIR [explain | check | raw]", 1, 2},
}

func commandNames() []string {
	var names []string
	for name := range commands {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (p *program) main(ctx context.Context) int {
	words, set, err := parse(&p.opt, p.voice.program, commandHelp, p.env.Args)
	var asked errHelp
	switch {
	case errors.As(err, &asked):
		fmt.Fprint(p.env.Stdout, asked.text)
		return exitOK
	case err != nil:
		p.emptyDefinitions()
		return p.usage(err)
	case p.opt.Version:
		fmt.Fprint(p.env.Stdout, version(p.voice.program))
		return exitOK
	}
	p.set = set
	if p.now, err = p.clock(); err != nil {
		return p.usage(err)
	}
	if len(words) > 0 && slices.Contains(patient, words[0]) && !slices.Contains(set, "timeout") {
		p.opt.Timeout = span(24 * time.Hour)
	}
	run, err := p.command(words)
	if err != nil {
		return p.usage(err)
	}
	ctx, cancel := deadline(ctx, p.opt.Timeout)
	defer cancel()
	return run(p, ctx)
}

// command is what the words ask for; without words, to print metrics.
func (p *program) command(words []string) (func(*program, context.Context) int, error) {
	c := command{flags: metricFlags, run: as(measuring.metrics)}
	name := "the metrics"
	if len(words) > 0 {
		var err error
		if name, c, p.words, err = find(words); err != nil {
			return nil, err
		}
		if name == fillWords && !slices.Contains(p.set, "timeout") {
			p.opt.Timeout = fillTime
		}
		if err := takes[name].check(name, p.words); err != nil {
			return nil, err
		}
	}
	for _, flag := range p.set {
		if !slices.Contains(sharedFlags, flag) && !slices.Contains(c.flags, flag) {
			return nil, withHint(fmt.Errorf("--%s doesn't go with %s", flag, name), "--help lists the flags")
		}
	}
	return c.run, nil
}

// find is the command that words begin with, and the words behind it.
func find(words []string) (name string, c command, rest []string, err error) {
	if name, rest = words[0], words[1:]; len(words) > 1 && words[0]+" "+words[1] == fillWords {
		name, rest = fillWords, words[2:]
	}
	c, known := commands[name]
	if !known {
		return "", c, nil, unknownWord(name, commandNames())
	}
	return name, c, rest, nil
}

// check refuses too few words, or too many.
func (o operands) check(name string, words []string) error {
	switch {
	case o.most == 0 && len(words) > 0:
		err := fmt.Errorf("%s takes no further words (got %q)", name, words[0])
		if best, ok := section.Suggest(name+" "+words[0], commandNames()); ok && strings.HasPrefix(best, name+" ") {
			return withHint(err, "did you mean %s?", best)
		}
		return err
	case len(words) > o.most:
		return fmt.Errorf("%s takes %s and no further words (got %q)", name, o.names, words[o.most])
	case len(words) < o.least:
		return withHint(fmt.Errorf("%s needs %s", name, o.names), "%s %s", name, o.names)
	}
	return nil
}

// unknownWord refuses a word that is no command.
func unknownWord(word string, known []string) error {
	err := fmt.Errorf("no command of that name (got %q)", word)
	if best, ok := section.Suggest(word, known); ok {
		return withHint(err, "did you mean %s?", best)
	}
	return withHint(err, "commands are %s", strings.Join(known, ", "))
}

// usage ends a run that can't begin.
func (p *program) usage(err error) int {
	p.voice.failAll(err)
	return exitUsage
}

// clock is the run's one clock reading, or the past instant that was asked for.
func (p *program) clock() (time.Time, error) {
	now := p.env.Now().In(p.env.Zone)
	if p.opt.At == "" {
		return now, nil
	}
	at, err := instant(p.opt.At, now, p.env.Zone)
	if err != nil {
		return now, fmt.Errorf("--at: %w", err)
	}
	if at.After(now) {
		return now, fmt.Errorf("--at: must not be in the future (got %s)", p.opt.At)
	}
	return at.In(p.env.Zone), nil
}

// instant reads a time as typed: RFC 3339, `2026-11-22 12:00`, `2026-11-22`, which is when
// that day begins, or -90m.
func instant(text string, now time.Time, zone *time.Location) (time.Time, error) {
	if ago, ok := strings.CutPrefix(text, "-"); ok {
		d, err := section.ParseDuration(ago)
		if err != nil {
			return time.Time{}, fmt.Errorf("must be a time, or like -90m (got %q)", text)
		}
		return now.Add(-time.Duration(d)), nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return day, nil
	}
	return config.ParseTime(text, zone)
}

// metaEnv is what the agent asks for graph definitions by.
const metaEnv = "MACKEREL_AGENT_PLUGIN_META"

// measuring prints metrics and their definitions: what the program does without a command.
type measuring struct{ *program }

// metrics is the main job: measure, print, acknowledge.
func (p measuring) metrics(ctx context.Context) int {
	meta, byAgent := p.env.Getenv(metaEnv)
	if meta != "" {
		return p.definitions(ctx)
	}
	if err := p.checkPrefix(); err != nil {
		return p.usage(err)
	}
	c, err := p.load(ctx)
	if err != nil {
		return p.usage(err)
	}
	take := (byAgent || p.opt.Take) && !p.opt.Peek && p.opt.At == ""
	if c.Record != "" && !p.opt.Peek && p.opt.At == "" {
		keeping(p).keep(c, c.Record, recorded{options: p.opt, typed: p.set, take: take, inject: p.mayInject(c)})
		defer keeping(p).kept(ctx)
	}
	run := p.newRun(c)
	store := home(p).store(c, p.opt.Peek || p.opt.At != "")
	run.Take = take && !p.stateless // without positions the same events would be taken again
	run.Inject, run.Clock = p.mayInject(c), p.env.Now
	report, store, err := p.measure(ctx, run, store)
	if err != nil {
		return p.usage(err)
	}
	if err := p.env.Outputs.Lines(p.env.Stdout, p.opt.Prefix, report); err != nil {
		p.voice.fail(fmt.Errorf("writing the metrics: %w", err), "")
		return exitFailed
	}
	if run.Take {
		p.acknowledge(ctx, store, report)
	}
	p.doubts(report)
	return verdictOfRun(report)
}

// acknowledge lets the next point be fixed; if it fails the same point is printed
// again, which does no harm.
func (p measuring) acknowledge(ctx context.Context, store measure.Store, report *sli.Report) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := measure.Acknowledge(ctx, store, report); err != nil {
		p.voice.warn(fmt.Sprintf("the events point is printed once more in the next run: %v", err), "")
	}
}

// verdictOfRun is 0 if every source answered or anything was measured.
func verdictOfRun(report *sli.Report) int {
	failed := false
	for _, pipeline := range report.Pipelines {
		failed = failed || pipeline.Failed() > 0
		for _, r := range pipeline.Results {
			if r.Status == sli.Value || r.Status == sli.NoTraffic {
				return exitOK
			}
		}
	}
	if failed {
		return exitFailed
	}
	return exitOK
}

// definitions answers the agent's question for graph definitions, from the file alone.
func (p measuring) definitions(ctx context.Context) int {
	code := exitOK
	c, err := p.load(ctx)
	if err == nil {
		err = p.checkPrefix()
	}
	var plans []*sli.Plan
	if err != nil {
		code = p.usage(err)
	} else {
		plans = plansOf(c)
	}
	if err := p.env.Outputs.Definitions(p.env.Stdout, p.opt.Prefix, plans); err != nil {
		p.voice.fail(fmt.Errorf("writing the definitions: %w", err), "")
		return exitFailed
	}
	return code
}

// emptyDefinitions answers the agent, where it asks, even when the arguments are wrong:
// an answer that can't be read looks like a broken plugin.
func (p *program) emptyDefinitions() {
	if meta, _ := p.env.Getenv(metaEnv); meta != "" {
		// The arguments are what is told; a closed stdout is not.
		_ = p.env.Outputs.Definitions(p.env.Stdout, p.opt.Prefix, nil)
	}
}

func plansOf(c *config.Config) []*sli.Plan {
	plans := make([]*sli.Plan, len(c.Pipelines))
	for i, pipeline := range c.Pipelines {
		plans[i] = pipeline.Plan
	}
	return plans
}

// checkPrefix refuses a prefix that would make metric names the service refuses: one
// bad name stops all metrics of the host.
func (p *program) checkPrefix() error {
	for _, part := range strings.Split(p.opt.Prefix, ".") {
		if part == "" || strings.Trim(part, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return fmt.Errorf("--metric-key-prefix: must be letters, digits, - and _, in parts between dots (got %q)", p.opt.Prefix)
		}
	}
	return nil
}
