package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/backtest"
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// trying tries cases of a configuration.
type trying struct{ *program }

// test tries cases on the configuration: what it says of evidence that they give. It reads
// no source but what the cases name, and no state.
func (p trying) test(ctx context.Context) int {
	c, lang, err := p.configuration(ctx)
	if err != nil {
		return p.usage(err)
	}
	var cases []backtest.Case
	for _, file := range p.words {
		text, err := readBounded(file)
		if errors.Is(err, fs.ErrNotExist) {
			err = withHint(fmt.Errorf("test: %s: no such file", file), "write one with: %s init --test", p.voice.program)
		}
		if err != nil {
			return p.usage(err)
		}
		reader := backtest.CaseReader{Zone: p.env.Zone, Instant: func(text string) (time.Time, error) { return config.ParseTime(text, p.env.Zone) }}
		found, err := reader.Read(file, text)
		if err != nil {
			return p.usage(err)
		}
		for _, one := range found {
			one.Resolve(filepath.Dir(file))
			cases = append(cases, one)
		}
	}
	say := func(indent string, t words.Text, args ...any) {
		fmt.Fprintln(p.env.Stdout, indent+sli.Escaped(lang.Say(t, args...)))
	}
	failed := 0
	for _, one := range cases {
		differences, err := p.tryCase(ctx, c, one, lang)
		if err != nil {
			return p.usage(err)
		}
		if len(differences) == 0 {
			say("", words.CaseIsWell, one.Name)
			continue
		}
		failed++
		say("", words.CaseFails, one.Name, one.Place)
		for _, d := range differences {
			if d.What == "" {
				say("          ", words.CaseSays, d.Got)
				continue
			}
			say("          ", words.CaseDiffers, d.What, d.Want, d.Got)
		}
	}
	switch {
	case failed > 0:
		say("", words.CasesFailed, failed, len(cases))
		return exitFailed
	case len(cases) == 1:
		say("", words.TheCaseIsWell)
	default:
		say("", words.CasesAreWell, len(cases))
	}
	return exitOK
}

// tryCase makes the pipeline of a case, with its logs in the place of the configured ones.
func (p trying) tryCase(ctx context.Context, c *config.Config, one backtest.Case, lang words.Language) ([]backtest.Difference, error) {
	i, err := pipelineFor(c, one)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pipeline-sli-test-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays there is cleared with all that is temporary
	plan := c.Pipelines[i].Plan
	var puts []config.Put
	for n, g := range one.Given {
		at := slices.IndexFunc(plan.Stages, func(s sli.Stage) bool { return s.Name == g.Stage })
		if at < 0 {
			return nil, g.Refuse("no stage of that name in pipeline %s (got %q)", plan.Name, g.Stage)
		}
		if g.Counts != nil {
			if ids := plan.Following(); ids != nil && ids.Feeds(g.Stage) {
				return nil, g.Refuse("records of stage %s are followed by their ids, which counts don't have; give lines of it", g.Stage)
			}
			continue
		}
		if g.Points != nil {
			continue
		}
		kind := plan.Stages[at].Kind
		if kind != "access_log" && kind != "app_log" {
			return nil, g.Refuse("stage %s reads no log, it is a %s; give counts or points of it", g.Stage, kind)
		}
		log := g.File
		if log == "" {
			log = filepath.Join(dir, fmt.Sprintf("%d.log", n))
			if err := os.WriteFile(log, []byte(strings.Join(append(g.Lines, ""), "\n")), 0o600); err != nil {
				return nil, err
			}
		}
		put := func(key, value string) {
			puts = append(puts, config.Put{Pipeline: plan.Name, Path: []string{"stages", g.Stage, kind, key}, Value: value, From: one.Place})
		}
		for _, key := range []string{"s3", "cloudwatch_logs", "optional"} {
			put(key, "")
		}
		put("path", quoted(log))
		put("start", "beginning")
	}
	changed, err := backtesting(p).changed(ctx, puts)
	if err != nil {
		return nil, err
	}
	return one.Try(ctx, pipelineOf(changed.Pipelines[i]), memory(), lang)
}

// quoted is a text as a file of configuration spells it.
func quoted(text string) string { return "'" + strings.ReplaceAll(escape(text), "'", "''") + "'" }

// pipelineFor is the pipeline that a case speaks of.
func pipelineFor(c *config.Config, one backtest.Case) (int, error) {
	var names []string
	for i, p := range c.Pipelines {
		if names = append(names, p.Plan.Name); p.Plan.Name == one.Pipeline || one.Pipeline == "" && len(c.Pipelines) == 1 {
			return i, nil
		}
	}
	if one.Pipeline == "" {
		return 0, withHint(fmt.Errorf("%s: the case must name its pipeline", one.Place), "pipeline: one of %s", strings.Join(names, ", "))
	}
	return 0, withHint(fmt.Errorf("%s: no pipeline of that name (got %q)", one.Place, one.Pipeline), "pipelines here: %s", strings.Join(names, ", "))
}

// caseText is a first case, for the configuration that init writes.
const caseText = `# Cases of the configuration. Try them with: mackerel-plugin-pipeline-sli --config FILE test THIS_FILE
cases:
  - name: errors call somebody
    # pipeline: video            # where the file has several
    at: 2026-03-02T12:05:30Z     # of a run
    given:                       # what the stages' sources say
      - stage: front
        lines:                   # of its log; or file: a log; or counts: or points: by the minute, as below
          - '{"time":"2026-03-02T12:01:02Z","method":"POST","uri":"/v","status":200,"request_time":0.1}'
          - '{"time":"2026-03-02T12:01:32Z","method":"POST","uri":"/v","status":200,"request_time":0.1}'
          - '{"time":"2026-03-02T12:02:02Z","method":"POST","uri":"/v","status":503,"request_time":0.1}'
          - '{"time":"2026-03-02T12:02:32Z","method":"POST","uri":"/v","status":503,"request_time":0.1}'
          - '{"time":"2026-03-02T12:03:02Z","method":"POST","uri":"/v","status":503,"request_time":0.1}'
          - '{"time":"2026-03-02T12:04:02Z","method":"POST","uri":"/v","status":200,"request_time":0.1}'
        # counts: { "12:01": { requests: 1000, bad_requests: 3 }, "12:02": { requests: 900 } } # of the day of at, in its zone
        # points: { "IteratorAge Maximum": { "12:01": 3000, "12:02": 4000 } } # of the metrics of an AWS stage, in their units
    expect:
      status: CRITICAL           # OK, WARNING, CRITICAL, UNKNOWN
      rule: ratio                # age, state, retention, ratio, burn_rate, lag, skew, not_measured, no_traffic, excluded, nothing
      text: 3 of 6 requests bad  # a regular expression
      sli: { availability: 50 }  # a percentage, ">99", not_measured, no_traffic, excluded
      # age: "<60s"
      # state: CURRENT
  - name: one failure of many calls nobody
    at: 2026-03-02T12:05:30Z
    given:
      - stage: front
        lines:
          - '{"time":"2026-03-02T12:01:02Z","method":"POST","uri":"/v","status":200,"request_time":0.1}'
          - '{"time":"2026-03-02T12:02:02Z","method":"POST","uri":"/v","status":503,"request_time":0.1}'
          - '{"time":"2026-03-02T12:03:02Z","method":"POST","uri":"/v","status":200,"request_time":0.1}'
          - '{"time":"2026-03-02T12:04:02Z","method":"POST","uri":"/v","status":200,"request_time":0.1}'
    expect: { status: OK, sli: { availability: 75, latency: 100 } }
`
