package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mackerelio/checkers"

	"mackerel-plugin-pipeline-sli/lib/digits"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// checkOptions are the flags of check-pipeline-freshness.
type checkOptions struct {
	common
	sourceless
	WarningAge    span     `short:"w" long:"warning-age" value-name:"D" description:"older data warns (default: the freshness threshold)"`
	CriticalAge   span     `short:"c" long:"critical-age" value-name:"D" description:"older data is critical (default: 5 × the threshold)"`
	WarningRatio  float64  `long:"warning-ratio" value-name:"PCT" description:"a lower ratio warns"`
	CriticalRatio float64  `long:"critical-ratio" value-name:"PCT" description:"a lower ratio is critical"`
	SLI           []string `long:"sli" value-name:"NAME" description:"what ratio and burn rules judge; repeatable (default: freshness)"`
	BurnRate      bool     `long:"burn-rate" description:"judge the burn rate of the error budget"`
	MaxLag        span     `long:"max-lag" value-name:"D" description:"a measurement that lags more is UNKNOWN"`
	NoTraffic     string   `long:"no-traffic" value-name:"STATUS" description:"status when there is nothing to judge (default: OK)"`
	Missing       string   `long:"missing" value-name:"STATUS" description:"status when it could not be measured (default: UNKNOWN)"`
	StatusAs      string   `long:"status-as" value-name:"MAP" description:"overwrite statuses, e.g. unknown=ok,warning=critical"`
}

// checkProgram is one run of the check.
type checkProgram struct {
	program
	opt      checkOptions
	typed    []string // long names of the flags that were typed
	statusAs map[checkers.Status]checkers.Status
}

// Check runs check-pipeline-freshness and returns its exit code, 0 to 3 whatever
// happens.
func Check(env Env) (code int) {
	defer func() {
		if p := recover(); p != nil {
			code = say(env, slo.Unknown, fmt.Sprintf("internal error: %v", p))
		}
	}()
	ctx, stop := signals(env.Context)
	defer stop()
	c := checkProgram{program: program{env: env, voice: voice{program: "check-pipeline-freshness", out: env.Stderr}}}
	return c.main(ctx)
}

// say prints a status and a message on stdout, where Mackerel shows it.
func say(env Env, status slo.CheckStatus, message string) int {
	fmt.Fprintln(env.Stdout, env.Check.Text(status, message))
	return int(status)
}

// refuse says that the check can't begin: UNKNOWN, with the hint.
func (c *checkProgram) refuse(err error) int {
	var texts []string
	for _, e := range hints(err) {
		text := c.voice.refusal(e.error)
		if e.hint != "" {
			text += " (" + c.voice.hint(e.hint) + ")"
		}
		texts = append(texts, text)
	}
	return say(c.env, slo.Unknown, strings.ReplaceAll(strings.Join(texts, "; "), "\n", "; "))
}

func (c *checkProgram) main(ctx context.Context) int {
	rest, typed, err := parse(&c.opt, c.voice.program, checkHelp, c.env.Args)
	var asked errHelp
	switch {
	case errors.As(err, &asked):
		fmt.Fprint(c.env.Stdout, asked.text)
		return exitOK
	case err != nil:
		return c.refuse(err)
	case c.opt.Version:
		fmt.Fprint(c.env.Stdout, version(c.voice.program))
		return exitOK
	case len(rest) > 0:
		return c.refuse(fmt.Errorf("the check has no commands (got %q)", rest[0]))
	}
	c.typed = typed
	if err := c.validate(); err != nil {
		return c.refuse(err)
	}
	ctx, cancel := deadline(ctx, c.opt.Timeout)
	defer cancel()
	return c.judge(ctx)
}

// validate checks the flags that have rules of their own.
func (c *checkProgram) validate() error {
	for _, f := range []struct{ flag, value string }{{"--no-traffic", c.opt.NoTraffic}, {"--missing", c.opt.Missing}} {
		if _, ok := slo.ParseCheckStatus(f.value); f.value != "" && !ok {
			return fmt.Errorf("%s: must be OK, WARNING, CRITICAL or UNKNOWN (got %q)", f.flag, f.value)
		}
	}
	for _, f := range []struct {
		flag  string
		value float64
	}{{"--warning-ratio", c.opt.WarningRatio}, {"--critical-ratio", c.opt.CriticalRatio}} {
		if !(f.value >= 0 && f.value < 100) { // NaN too
			return fmt.Errorf("%s: must be a percentage under 100 (got %s)", f.flag, digits.Shortest(f.value))
		}
		if f.value > 0 && f.value <= 1 {
			return withHint(fmt.Errorf("%s: must be a percentage over 1 (got %s)", f.flag, digits.Shortest(f.value)), "did you mean %s?", digits.Of(f.value*100, 6))
		}
	}
	if c.opt.WarningAge > 0 && c.opt.CriticalAge > 0 && c.opt.CriticalAge <= c.opt.WarningAge {
		return fmt.Errorf("-c %s must be longer than -w %s", sli.FormatDuration(time.Duration(c.opt.CriticalAge)), sli.FormatDuration(time.Duration(c.opt.WarningAge)))
	}
	if c.opt.WarningRatio > 0 && c.opt.CriticalRatio > 0 && c.opt.WarningRatio <= c.opt.CriticalRatio {
		return fmt.Errorf("--warning-ratio %s must be above --critical-ratio %s", digits.Shortest(c.opt.WarningRatio), digits.Shortest(c.opt.CriticalRatio))
	}
	if c.opt.StatusAs != "" {
		var err error
		if c.statusAs, err = checkers.ParseStatusMap(c.opt.StatusAs); err != nil {
			return withHint(fmt.Errorf("--status-as: not a status map (got %q)", c.opt.StatusAs), "unknown=ok,warning=critical")
		}
	}
	return nil
}

// judge measures as the metric program does, and words the worst finding.
func (c *checkProgram) judge(ctx context.Context) int {
	c.now = c.env.Now().In(c.env.Zone)
	c.program.opt.common, c.program.opt.sourceless = c.opt.common, c.opt.sourceless
	conf, err := c.load(ctx)
	if err != nil {
		return c.refuse(err)
	}
	lang, err := c.language(conf)
	if err != nil {
		return c.refuse(err)
	}
	limits := make([]sli.Limits, len(conf.Pipelines))
	for i, p := range conf.Pipelines {
		if limits[i], err = c.limits(p.Plan); err != nil {
			return c.refuse(err)
		}
	}
	if conf.Record != "" {
		keeping{&c.program}.keep(conf, conf.Record, recorded{options: c.opt, typed: c.typed})
		defer keeping{&c.program}.kept(ctx)
	}
	run := c.newRun(conf)
	run.History = true
	report, _, err := c.measure(ctx, run, home{&c.program}.store(conf, false))
	if err != nil {
		return c.refuse(err)
	}
	findings := make([]slo.Finding, len(report.Pipelines))
	for i, p := range report.Pipelines {
		findings[i] = c.finding(p, limits[i])
	}
	line, status := c.env.Check.Line(findings, lang)
	if as, ok := c.statusAs[checkers.Status(status)]; ok {
		status = slo.CheckStatus(as)
		_, text, _ := strings.Cut(line, ": ")
		line = c.env.Check.Text(status, text)
	}
	fmt.Fprintln(c.env.Stdout, line)
	return int(status)
}

// finding judges one pipeline; a panic costs that one only.
func (c *checkProgram) finding(p *sli.Pipeline, limits sli.Limits) (f slo.Finding) {
	defer func() {
		if r := recover(); r != nil {
			f = slo.Finding{Plan: p.Plan, Status: slo.Unknown, Rule: "not_measured", Message: words.Internal.With(r)}
		}
	}()
	return slo.Judge(p, limits, c.now)
}

// limits are the configured ones, with what flags overwrite.
func (c *checkProgram) limits(plan *sli.Plan) (sli.Limits, error) {
	l, o := plan.Limits, c.opt
	override(&l.WarningAge, time.Duration(o.WarningAge), c.typed, "warning-age")
	override(&l.CriticalAge, time.Duration(o.CriticalAge), c.typed, "critical-age")
	override(&l.WarningRatio, o.WarningRatio, c.typed, "warning-ratio")
	override(&l.CriticalRatio, o.CriticalRatio, c.typed, "critical-ratio")
	override(&l.MaxLag, time.Duration(o.MaxLag), c.typed, "max-lag")
	override(&l.NoTraffic, o.NoTraffic, c.typed, "no-traffic")
	override(&l.Missing, o.Missing, c.typed, "missing")
	override(&l.BurnRate, o.BurnRate, c.typed, "burn-rate")
	if len(o.SLI) > 0 {
		l.SLIs = nil
	}
	for _, name := range o.SLI {
		kind := sli.Kind(name)
		if plan.Rule(kind) == nil {
			return l, withHint(fmt.Errorf("--sli: pipeline %s has no SLI of that name (got %q)", plan.Name, name), "SLIs here: %s", kindNames(plan))
		}
		l.SLIs = append(l.SLIs, kind)
	}
	if key, got, rule := slo.Backwards(plan, l); key != "" {
		return l, fmt.Errorf("pipeline %s: %s: %s (got %s)", plan.Name, key, rule, got)
	}
	rules := l.WarningRatio > 0 || l.CriticalRatio > 0 || l.BurnRate
	for _, kind := range l.SLIs {
		if kind != sli.Freshness && !rules {
			return l, withHint(fmt.Errorf("--sli %s: needs a rule to judge it by", kind), "add --warning-ratio, --critical-ratio or --burn-rate")
		}
	}
	return l, nil
}

func kindNames(plan *sli.Plan) string {
	var names []string
	for _, r := range plan.Rules {
		names = append(names, string(r.Kind))
	}
	return strings.Join(names, ", ")
}

// override replaces a value by that of a flag, where the flag was typed: a flag wins also
// where it says what none would, --critical-ratio 0.
func override[T any](value *T, by T, typed []string, flag string) {
	if slices.Contains(typed, flag) {
		*value = by
	}
}
