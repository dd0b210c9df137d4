package main

import (
	"fmt"
	"strings"
	"time"
)

func (c counts) String() string {
	text := fmt.Sprintf("%.0f / %.0f", c.good, c.valid)
	if c.doubtful > 0 {
		text += fmt.Sprintf(", %.0f doubtful", c.doubtful)
	}
	if c.uncertain > 0 {
		text += fmt.Sprintf(", %.0f uncertain", c.uncertain)
	}
	return text
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

// lines is a list, where there is anything to list.
func (p *page) lines(texts []string) {
	if len(texts) > 0 {
		p.b.WriteString("\n- " + strings.Join(texts, "\n- ") + "\n")
	}
}

func (p *page) title(b *box) {
	p.b.WriteString(`# The box: measured against the truth, on real components

Made by ` + "`make box`" + `. nginx with a real log, a front that writes an application log, a Kinesis emulator, a worker that writes another one, and a DynamoDB emulator, on one machine; clients write about ten records a second while faults are injected. The programs run once a minute, as the agent runs them, ` + seconds(into) + ` after its end.

What is compared is independent of the logs that the programs read. Availability and latency: the answers and times that the clients saw themselves; no request is sent near the end of a minute, so that both sides book it alike. Freshness and coverage: when the front took a record, which it tells its client, and when the worker saw the row written. A minute with acceptances after whose start nothing at all comes out by its end + the threshold is not fresh as a whole, whatever comes out of it later; that is known once the logs have settled past the threshold, and a run before then would print nothing of that minute and book it one run later. Correctness: what the table holds in the end against what the client sent, in the minute that the worker read the row back. Compared is every minute that was told.

Error must be 0, but for what clients can't know. A request that was slow though nothing delayed it on purpose is doubtful: nginx doesn't count what time passed before and after it. A request that got no answer, or got it within a second after its minute ended, is uncertain: nginx may have booked it in its minute, in the next or not at all. Doubtful and uncertain requests are counted apart, and the truth is then a range.
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
	fmt.Fprintf(&p.b, "\n%d records were accepted; %d of them were left out on purpose, %d rows are wrong, %d are missing at the end. Of %d requests, %d got no answer and %d got it just after their minute. The fault `%s` left out %d records, `%s` changed %d, `%s` refused %d requests.\n",
		accepted, drafts, wrong, missing, b.book.requests, b.book.lost, b.book.crossed,
		resultsLost, b.script.turns[resultsLost]/10, resultsWrong, b.script.turns[resultsWrong]/10, frontErrors, b.script.turns[frontErrors]/10)
}

// alarms begins the table of faults.
func (p *page) alarms() {
	fmt.Fprintf(&p.b, "\nA fault was alarmed of if the check said WARNING or CRITICAL in a run while it lasted or up to %.0f minutes later. The check words only the worst of its findings: where another one was worse throughout, the row says that the words are of that. Words of such a fault may still be an earlier one's: a lost record is owed until its deadline.\n", alarmedWithin.Minutes())
	p.head("fault", "began", "ended", "alarm after", "its words are of", "the check said")
}

// alarm says what the check made of a fault.
func (p *page) alarm(f fault, a alarm) {
	switch {
	case len(f.words) == 0:
		p.row(f.name, clock(f.from), clock(f.to), "none is due", "–", "–")
	case a.verdict == nil:
		p.row(f.name, clock(f.from), clock(f.to), "none", "–", "–")
	default:
		of := "another finding"
		if a.speaks {
			of = "such a fault"
		}
		p.row(f.name, clock(f.from), clock(f.to), seconds(a.after), of, a.verdict.status+": "+a.verdict.text)
	}
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
