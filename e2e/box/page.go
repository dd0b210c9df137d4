package main

import (
	"fmt"
	"strings"
	"time"
)

func (c counts) String() string {
	if c.doubtful > 0 {
		return fmt.Sprintf("%.0f (or up to %.0f more) / %.0f", c.good, c.doubtful, c.valid)
	}
	return fmt.Sprintf("%.0f / %.0f", c.good, c.valid)
}

// clock spells an offset since the beginning.
func clock(d time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }

// page builds Markdown.
type page struct{ b strings.Builder }

func (p *page) row(cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", "\\|")
	}
	p.b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func (p *page) head(cells ...string) {
	p.b.WriteByte('\n')
	p.row(cells...)
	p.b.WriteString(strings.Repeat("|---", len(cells)) + "|\n")
}

func (p *page) title(b *box) {
	p.b.WriteString(`# The box: measured against the truth, on real components

Made by ` + "`cd e2e && go run ./box -out ../docs/box.md`" + `. nginx with a real log, a front that writes an application log, a Kinesis emulator, a worker that writes another one, and a DynamoDB emulator, on one machine; clients write about twenty records a second while faults are injected. The programs run once a minute, as the agent runs them.

What is compared is independent of the logs that the programs read. Availability and latency: the answers and times that the clients saw themselves; no request is sent near the end of a minute, so that both sides book it alike. A request that a client saw as slow though nothing delayed it on purpose is doubtful: nginx can't know what time passed before and after it. Freshness and coverage: when the front said to the client that it accepted a record, and when the worker saw the row written. Correctness: what the table holds in the end against what the client sent, in the minute that the worker read the row back. Compared is every minute that was told; error must be 0.
`)
}

// records says what became of the records in the end.
func (p *page) records(b *box, rows map[string]string) {
	var accepted, drafts, missing, wrong int
	for id, r := range b.book.records {
		if r.accepted.IsZero() {
			continue
		}
		accepted++
		title, written := rows[id]
		switch {
		case r.draft:
			drafts++
		case !written:
			missing++
		case title != r.title:
			wrong++
		}
	}
	fmt.Fprintf(&p.b, "\n%d records were accepted; %d of them were left out on purpose, %d rows are wrong, %d are missing at the end. %d requests crossed the end of a minute. The fault `%s` left out %d records, `%s` changed %d, `%s` refused %d requests.\n",
		accepted, drafts, wrong, missing, b.book.crossed,
		resultsLost, b.script.turns[resultsLost]/10, resultsWrong, b.script.turns[resultsWrong]/10, frontErrors, b.script.turns[frontErrors]/10)
}

// verdicts lists what the check said, run by run.
func (p *page) verdicts(b *box) {
	p.head("run at", "the check said")
	for _, v := range b.suite.verdicts {
		p.row(clock(v.at.Sub(b.script.began)), v.status+": "+v.text)
	}
	if complaints := b.suite.stderr.String(); complaints != "" {
		p.b.WriteString("\nOn stderr:\n\n```\n" + complaints + "```\n")
	}
}
