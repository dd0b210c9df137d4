package cli

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jessevdk/go-flags"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// span is a duration flag: 90s, 5m; a bare number is seconds.
type span time.Duration

// UnmarshalFlag reads what was typed.
func (s *span) UnmarshalFlag(text string) error {
	d, err := section.ParseDuration(text)
	if err != nil {
		return err
	}
	if d <= 0 {
		return fmt.Errorf("must be over 0 (got %s)", text)
	}
	*s = span(d)
	return nil
}

// unitSpan is a duration flag whose unit must be typed.
type unitSpan time.Duration

// UnmarshalFlag reads what was typed.
func (s *unitSpan) UnmarshalFlag(text string) error {
	d, err := section.ParseUnitDuration(text)
	if err != nil {
		return err
	}
	*s = unitSpan(d)
	return nil
}

// common are the flags that both programs and all commands take.
type common struct {
	Config   []string `long:"config" value-name:"FILE" description:"configuration file or glob; repeatable (default: /etc/mackerel-agent/pipeline-sli.yaml, or PIPELINE_SLI_CONFIG)"`
	Pipeline []string `long:"pipeline" value-name:"P" description:"only this pipeline; repeatable"`
	StateDir string   `long:"state-dir" value-name:"DIR" description:"where positions and counts are kept"`
	Timeout  span     `short:"t" long:"timeout" value-name:"D" default:"20s" description:"when the run ends with what is known"`
	Lang     string   `long:"lang" value-name:"ja|en" description:"language of what people read (default: language: in the file, else en)"`
	Version  bool     `long:"version" description:"print version, commit and Go version"`
	Help     bool     `short:"h" long:"help" description:"print this help"`
}

// metricOptions are the flags of mackerel-plugin-pipeline-sli.
//
// Large: a field for each flag.
type metricOptions struct {
	common
	sourceless
	Prefix       string   `long:"metric-key-prefix" value-name:"S" default:"pipeline-sli" description:"what metric names begin with"`
	At           string   `long:"at" value-name:"T" description:"speak of a past instant: RFC 3339, '2026-11-22 12:00', 2026-11-22, or -90m"`
	Peek         bool     `long:"peek" description:"measure, but keep nothing"`
	Take         bool     `long:"take" description:"fix the next events point, as a run by the agent does"`
	NoInject     bool     `long:"no-inject" description:"send no record of a prover in this run"`
	JSON         bool     `long:"json" description:"backtest, budget, explain, replay: as JSON"`
	All          bool     `long:"all" description:"explain: each log from its beginning to its end"`
	Strict       bool     `long:"strict" description:"validate: doubts are failures"`
	Out          string   `long:"out" value-name:"FILE" description:"report: the file to write"`
	HostID       string   `long:"host-id" value-name:"ID" description:"backtest, budget fill, dashboard: of this host's metrics (default: the id that the agent keeps)"`
	Role         string   `long:"role" value-name:"S:R" description:"dashboard, monitors: of the metrics of all hosts of a role"`
	Merge        string   `long:"merge" value-name:"FILE" description:"dashboard, monitors: put it into this file, which mkr pulled"`
	Format       string   `long:"format" value-name:"mkr|terraform" default:"mkr" description:"monitors: for whom"`
	From         string   `long:"from" value-name:"T" description:"annotations, backtest, budget, budget fill, export, report: the first minute"`
	To           string   `long:"to" value-name:"T" description:"annotations, backtest, budget, budget fill, export, report: up to this minute"`
	FromMackerel bool     `long:"from-mackerel" description:"backtest, budget fill: from the points that Mackerel holds; its API key is in MACKEREL_APIKEY"`
	Service      string   `long:"service" value-name:"S" description:"annotations, backtest, budget fill: of this service's metrics"`
	Follow       string   `long:"follow" value-name:"FILE" description:"export: go on where FILE says; from where to go on next time is written to FILE.next"`
	Month        string   `long:"month" value-name:"YYYY-MM" description:"budget: of a calendar month"`
	Gate         string   `long:"gate" value-name:"PCT" description:"budget: exit 1 where less than this share of a budget is left, or it isn't measured"`
	Test         bool     `long:"test" description:"init: a first file of cases for test, instead of a configuration"`
	Set          []string `long:"set" value-name:"PATH=V[,V…]" description:"backtest: try values of a key of the pipelines, like check.critical_age=5m,10m; repeatable, each with each"`
	Drill        []string `long:"drill" value-name:"KIND@T,D" description:"backtest: put an incident into the evidence: consumer-stop, front-stop, errors=20%, slow=5x, lost=10%; repeatable"`
	Recording    string   `long:"recording" value-name:"DIR" description:"backtest: of runs recorded there, without the world; the configuration is theirs, unless --config names another"`
	Attempts     int      `long:"attempts" value-name:"N" default:"3" description:"backtest: CRITICAL so often in a row is a page"`
	Incident     bool     `long:"incident" description:"report: of an incident: what the check said, and .md and .csv beside the page"`
	Raw          bool     `long:"raw" description:"record: keep the lines and the services' answers themselves, up to 8 MiB of a stage and 32 MiB of a run; they hold what your logs hold, which may be personal data"`
	Redact       bool     `long:"redact" description:"report: without names of pipelines, stages, files and values"`
}

// errHelp says that help was asked for, and holds it.
type errHelp struct{ text string }

func (e errHelp) Error() string { return e.text }

// parse reads arguments into options, and returns the words that are no flags. Long
// flags may be typed with one dash, as older plugins have it. helpOf is what to tell where
// help is asked for of some words.
func parse(options any, name string, helpOf func(words []string) (help, error), args []string) (words []string, set []string, err error) {
	parser := flags.NewNamedParser(name, flags.PassDoubleDash)
	if _, err := parser.AddGroup("Options", "", options); err != nil {
		return nil, nil, err
	}
	words, err = parser.ParseArgs(twoDashes(parser, args))
	if err != nil {
		return nil, nil, flagError(parser, err)
	}
	for _, g := range parser.Groups() {
		for _, o := range g.Options() {
			if o.IsSet() && !o.IsSetDefault() {
				set = append(set, o.LongName)
			}
		}
	}
	if slices.Contains(set, "help") {
		h, err := helpOf(words)
		if err != nil {
			return nil, nil, err
		}
		return nil, nil, errHelp{h.text(parser)}
	}
	return words, set, nil
}

// instants are the flags that take a time.
var instants = []string{"at", "from", "to"}

// isAgo tells whether an argument is a time of so long ago, and no flag.
func isAgo(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && '0' <= arg[1] && arg[1] <= '9'
}

// twoDashes spells known long flags with two dashes: `-metric-key-prefix` would be
// read as a heap of short ones.
func twoDashes(parser *flags.Parser, args []string) []string {
	var out []string
	for _, arg := range args {
		if n := len(out); n > 0 && isAgo(arg) && slices.Contains(instants, strings.TrimLeft(out[n-1], "-")) {
			out[n-1] += "=" + arg
			continue
		}
		out = append(out, arg)
	}
	for i, arg := range out {
		if arg == "--" {
			break
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && len(name) > 1 && parser.FindOptionByLongName(name) != nil {
			out[i] = "-" + arg
		}
	}
	return out
}

// flagError puts the parser's complaint into our words.
func flagError(parser *flags.Parser, err error) error {
	var e *flags.Error
	if !errors.As(err, &e) {
		return err
	}
	message := strings.NewReplacer("`", "", "'", "").Replace(e.Message)
	if e.Type == flags.ErrUnknownFlag {
		name := strings.TrimPrefix(message, "unknown flag ")
		err := fmt.Errorf("no flag --%s", name)
		if best, ok := section.Suggest(name, longNames(parser)); ok {
			return withHint(err, "did you mean --%s?", best)
		}
		return withHint(err, "--help lists the flags")
	}
	// The parser names the type of a value, which nobody can type.
	goType := regexp.MustCompile(` \(expected [a-zA-Z0-9.]+\)`)
	message = goType.ReplaceAllString(strings.TrimPrefix(message, "invalid argument for flag "), "")
	return errors.New(message)
}

func longNames(parser *flags.Parser) []string {
	var names []string
	for _, g := range parser.Groups() {
		for _, o := range g.Options() {
			names = append(names, o.LongName)
		}
	}
	return names
}

// flagNames lists the long names of an options struct, embedded ones too.
func flagNames(options any) []string {
	var names []string
	t := reflect.TypeOf(options)
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			names = append(names, flagNames(reflect.Zero(f.Type).Interface())...)
		} else {
			names = append(names, f.Tag.Get("long"))
		}
	}
	return names
}

// deadline ends a run with what is known, and says so in the place of an answer.
func deadline(ctx context.Context, timeout span) (context.Context, context.CancelFunc) {
	d := time.Duration(timeout)
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("no answer within %s (--timeout)", section.Duration(d)))
}
