package manual

import (
	"fmt"
	"strings"
	"time"

	"mackerel-plugin-pipeline-sli/lib/cli"
)

// A page is text in the man macros of roff.
type page struct{ strings.Builder }

// roff writes text so that nothing in it is taken for a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "", "–", `\-`, "→", `\->`, "×", "x", "−", `\-`, "…", "...", "≥", ">=", "≤", "<=").Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	words := strings.Split(text, " ")
	for i, word := range words {
		if len(word) > 60 { // an address may be broken where it has a slash
			words[i] = strings.ReplaceAll(word, "/", `/\:`)
		}
	}
	return strings.Join(words, " ")
}

func newPage(name, section, manual, version string, date time.Time) *page {
	p := &page{}
	p.line(`.TH "%s" %s "%s" "pipeline\-sli %s" "%s"`, roff(strings.ToUpper(name)), section, date.UTC().Format("2006\\-01\\-02"), roff(version), manual)
	p.line(".nh")
	p.line(".ad l")
	return p
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) section(title string) { p.line(`.SH "%s"`, roff(title)) }

func (p *page) text(text string) {
	for i, paragraph := range strings.Split(text, "\n\n") {
		if i > 0 {
			p.line(".PP")
		}
		p.line("%s", roff(paragraph))
	}
}

// item is a term in bold, what goes with it, and its explanation.
func (p *page) item(term, with, text string) {
	p.line(".TP")
	line := `\fB` + strings.ReplaceAll(roff(term), "].", `].\:`) + `\fR` // a long key may be broken behind a list
	if with != "" {
		line += ` \fI` + roff(with) + `\fR`
	}
	p.line("%s", line)
	p.line("%s", roff(text))
}

// items are terms with explanations that no table has.
func (p *page) items(list [][2]string) {
	for _, i := range list {
		p.item(i[0], "", i[1])
	}
}

var descriptions = map[string]string{
	"mackerel-plugin-pipeline-sli": "Measures availability, latency, freshness, coverage and correctness of services whose result is not ready when the request returns, from the logs and metrics of the stages that a record passes, and prints them as mackerel-agent reads them: name, value and time, separated by tabs.\n\n" +
		"Without a command the metrics of every configured pipeline are printed. Long options may be typed with one dash. Times are RFC 3339, '2026-11-22 12:00' or -90m.",
	"check-pipeline-freshness": "Judges every configured pipeline by its age, its state and, where limits are set, its ratios and burn rates, and prints one line: PipelineFreshness STATUS: message. It reads the same file and shares the state of mackerel-plugin-pipeline-sli(1), and works without it.\n\n" +
		"All options but --config may stand in the file under check:; options win. Long options may be typed with one dash.",
}

var exits = map[string][][2]string{
	"mackerel-plugin-pipeline-sli": {
		{"0", "every source answered, or anything was measured"},
		{"1", "nothing was measured, or a command found something wrong"},
		{"2", "bad usage or configuration"},
	},
	"check-pipeline-freshness": {
		{"0", "OK"},
		{"1", "WARNING"},
		{"2", "CRITICAL"},
		{"3", "UNKNOWN: it could not be measured, or bad usage or configuration"},
	},
}

// programPage is section 1's page of a program.
func programPage(m cli.Manual, version string, date time.Time) []byte {
	p := newPage(m.Program, "1", "User Commands", version, date)
	p.section("Name")
	p.line(`%s \- %s`, roff(m.Program), roff(m.Does))
	p.section("Synopsis")
	p.line(`\fB%s\fR [\fIOPTIONS\fR]`, roff(m.Program))
	if len(m.Commands) > 0 {
		p.line(`[\fICOMMAND\fR]`)
	}
	p.section("Description")
	p.text(descriptions[m.Program])
	if len(m.Commands) > 0 {
		p.section("Commands")
		for _, c := range m.Commands {
			doc := c.Doc
			var own []string
			for _, f := range flagsNamed(m, c.Flags) {
				if !everywhere(m, f) {
					own = append(own, "--"+f.Long)
				}
			}
			if len(own) > 0 {
				doc += ". Goes with " + strings.Join(own, ", ")
			}
			p.item(c.Name, c.Words, doc+".")
		}
	}
	p.section("Options")
	for _, f := range m.Flags {
		doc := f.Doc
		if f.Default != "" {
			doc += " (default: " + f.Default + ")"
		}
		p.item(strings.Join(spellings(f), ", "), f.Value, doc)
	}
	p.section("Exit status")
	p.items(exits[m.Program])
	p.section("Environment")
	p.items([][2]string{
		{"PIPELINE_SLI_CONFIG", "the configuration file or a glob, where no --config is given"},
		{"MACKEREL_PLUGIN_WORKDIR", "holds the state's directory, pipeline-sli-UID, where nothing else names it"},
		{"MACKEREL_AGENT_PLUGIN_META", "set by mackerel-agent: not empty, it asks for graph definitions"},
		{"AWS_REGION, AWS_PROFILE, ...", "as for any AWS tool"},
	})
	p.section("Files")
	p.items([][2]string{
		{cli.DefaultConfig, "the configuration, see pipeline-sli.yaml(5)"},
		{"/var/tmp/mackerel-agent/pipeline-sli-UID", "positions in logs, counts per minute and error budgets, of the user that the agent runs it as"},
	})
	p.section("See also")
	var others []string
	for _, other := range cli.Manuals() {
		if other.Program != m.Program {
			others = append(others, `\fB`+roff(other.Program)+`\fR(1)`)
		}
	}
	p.line(`%s, \fBpipeline\-sli.yaml\fR(5), \fBmackerel\-agent\fR(1)`, strings.Join(others, ", "))
	return []byte(p.String())
}

// filePage is section 5's page of the configuration file, from the reference's tables.
func filePage(tables map[string]string, version string, date time.Time) []byte {
	p := newPage("pipeline-sli.yaml", "5", "File Formats", version, date)
	p.section("Name")
	p.line(`%s \- configuration of mackerel\-plugin\-pipeline\-sli and check\-pipeline\-freshness`, roff("pipeline-sli.yaml"))
	p.section("Description")
	p.text("One YAML file, by default " + cli.DefaultConfig + ", which both programs read in every run. " +
		"A first one is printed by: mackerel-plugin-pipeline-sli init. After an edit: mackerel-plugin-pipeline-sli validate.\n\n" +
		"Durations are written 90s, 5m, 1h, 28d; a bare number is seconds. Targets and ratios are percent. ${NAME} in a value is expanded from the environment, $${NAME} is the literal text. " +
		"Unknown and repeated keys, anchors, tags, nulls and a second document are refused.\n\n" +
		"A dot leads into a section, [] stands for each entry of a list, NAME for each key of a map, KIND for one of the kinds of stages below.")
	for _, kind := range sorted(tables) {
		if kind == "" {
			p.section("Keys")
		} else {
			p.section("Stage kind " + kind)
		}
		for _, row := range rows(tables[kind]) {
			doc := row[1]
			if row[2] != "" {
				doc += "; " + map[bool]string{true: "required", false: "default: " + row[2]}[row[2] == "required"]
			}
			if row[3] != "" {
				doc += ". " + row[3]
			}
			p.item(row[0], "", doc)
		}
	}
	p.section("Files")
	p.items([][2]string{{cli.DefaultConfig, "is read where neither --config nor PIPELINE_SLI_CONFIG names another"}, {cli.DefaultConfig + ".example", "a commented one to begin with"}})
	p.section("See also")
	p.line(`\fBmackerel\-plugin\-pipeline\-sli\fR(1), \fBcheck\-pipeline\-freshness\fR(1)`)
	return []byte(p.String())
}
