package applog

import (
	"time"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/loglines"
	"mackerel-plugin-pipeline-sli/lib/internal/logscan"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/source/counted"
)

// NewReports reads the section of a function's log of which the platform's reports are all
// that is wanted: it says where the lines lie, and no more.
func NewReports(n *section.Node, zone *time.Location, account awsconf.Options) (sli.Source, error) {
	var o struct{ loglines.Options }
	if err := n.Decode(&o); err != nil {
		return nil, err
	}
	if _, err := counted.ByInsights(n, o.Options, logscan.Report, account); err != nil {
		return nil, err
	}
	log, err := o.Options.New(n, loglines.Shape{Format: logscan.Report, Application: true, Zone: zone, AWS: account})
	if err != nil {
		return nil, err
	}
	s := &lineLog{ruleset: ruleset{target: 1}, log: log}
	s.facts = s.describe(logscan.Report, nil, "")
	return s, nil
}
