// Package config reads the configuration file: its frame here, the section of each
// stage kind by the kind itself. It is strict; every error names file, line, rule and
// the value got, and has one hint.
package config

import (
	"mackerel-plugin-pipeline-sli/lib/indicator"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// file is the frame of a configuration file.
type file struct {
	StateDir  string             `yaml:"state_dir" doc:"where positions and counts are kept" otherwise:"under the agent's work directory"`
	Record    string             `yaml:"record" doc:"a directory that every run is recorded in, for replay: what the sources answered, at most 256 MiB and 2,880 runs"`
	Metrics   section.StringList `yaml:"metrics" doc:"which graphs are posted: a set (minimal, standard, full) and/or graph names" otherwise:"minimal"`
	Language  string             `yaml:"language" enum:"en|ja" doc:"of what people read: the check's text, explain, reports; names stay" otherwise:"en"`
	AWS       AWS                `yaml:"aws" doc:"region, credentials and endpoint of stages that ask AWS"`
	Pipelines []pipeline         `yaml:"pipelines" required:"true" doc:"one entry per pipeline"`
}

type pipeline struct {
	Name        string               `yaml:"name" required:"true" pattern:"[A-Za-z0-9_-]+" hint:"letters, digits, - and _ only, e.g. video-posts; label: may say it in any words" doc:"part of metric names"`
	Label       string               `yaml:"label" doc:"shown to people with the name"`
	Window      section.Duration     `yaml:"window" default:"5m" min:"1m" max:"1h" whole:"minutes" doc:"what ratios speak of, in whole minutes"`
	Metrics     section.StringList   `yaml:"metrics" doc:"as at top level, for this pipeline" otherwise:"top level's"`
	AWS         AWS                  `yaml:"aws" doc:"instead of top level's"`
	Stages      []stage              `yaml:"stages" required:"true" doc:"the places a record passes, in order"`
	SLIs        indicator.Configured `yaml:"slis" required:"true" doc:"what is measured, by which objective"`
	Prover      *section.Node        `yaml:"prover" doc:"known-answer records that are sent through the front and looked for in the store"`
	Check       check                `yaml:"check" doc:"options of check-pipeline-freshness for this pipeline; its flags win"`
	SLO         objectives           `yaml:"slo" doc:"the period of the objectives"`
	Exclude     []exclude            `yaml:"exclude" doc:"stretches that leave windows, budgets and burn; never events, age or states"`
	ExcludeFile string               `yaml:"exclude_file" doc:"a file of such a list that other tools may write, or of downtimes as Mackerel's API gives them; none: nothing is excluded by it"`
	RenameFrom  string               `yaml:"rename_from" pattern:"[A-Za-z0-9_-]+" doc:"the name the pipeline had; its history goes on"`
	Assume      string               `yaml:"assume" enum:"single_host" doc:"single_host: this host sees everything, so its counts may be divided by shared ones"`
	Runbook     string               `yaml:"runbook" doc:"a URL that the check's message ends with"`
}

type stage struct {
	Name       string `yaml:"name" required:"true" pattern:"[A-Za-z0-9-]+" hint:"letters, digits and - only, e.g. front-end" doc:"unique within the pipeline"`
	AWS        AWS    `yaml:"aws" doc:"instead of the pipeline's"`
	RenameFrom string `yaml:"rename_from" pattern:"[A-Za-z0-9-]+" doc:"the name the stage had; its position and history go on"`
	Of         section.Variant
}

type objectives struct {
	Period   section.Duration   `yaml:"period" min:"1d" max:"400d" doc:"what budgets and burn rules speak of; short for periods: [X]" otherwise:"28d"`
	Periods  []section.Duration `yaml:"periods" min:"1d" max:"400d" doc:"the first is the metrics' and the burn rules'; the others are for budget" otherwise:"[period]"`
	Month    bool               `yaml:"month" doc:"budgets of calendar months, too"`
	TimeZone string             `yaml:"time_zone" doc:"of months" otherwise:"the host's"`
}

type check struct {
	WarningAge    section.Duration   `yaml:"warning_age" doc:"older data warns" otherwise:"the freshness threshold"`
	CriticalAge   section.Duration   `yaml:"critical_age" doc:"older data is critical" otherwise:"5 × the freshness threshold"`
	WarningRatio  section.Percent    `yaml:"warning_ratio" doc:"a lower ratio warns"`
	CriticalRatio section.Percent    `yaml:"critical_ratio" doc:"a lower ratio is critical"`
	SLI           section.StringList `yaml:"sli" doc:"the SLIs that ratio and burn rules judge" otherwise:"freshness"`
	BurnRate      bool               `yaml:"burn_rate" doc:"judge the burn rate of the error budget"`
	MaxLag        section.Duration   `yaml:"max_lag" doc:"a measurement that lags more is UNKNOWN" otherwise:"slowest settle + 3m"`
	NoTraffic     string             `yaml:"no_traffic" enum:"OK|WARNING|CRITICAL|UNKNOWN" doc:"status when there is nothing to judge" default:"OK"`
	Missing       string             `yaml:"missing" enum:"OK|WARNING|CRITICAL|UNKNOWN" doc:"status when it could not be measured" default:"UNKNOWN"`
}

type exclude struct {
	From     string             `yaml:"from" doc:"RFC 3339, or 2026-11-22 12:00"`
	To       string             `yaml:"to" doc:"as from"`
	Weekly   string             `yaml:"weekly" doc:"Sun 02:00-04:00, Mon-Fri 20:00-07:00: on each of the days, and past midnight where it ends earlier than it begins"`
	Monthly  string             `yaml:"monthly" doc:"1 02:00-04:00, last 22:00-24:00: a day of the month, or its last"`
	TimeZone string             `yaml:"time_zone" doc:"of weekly and monthly" otherwise:"the host's"`
	Reason   string             `yaml:"reason" required:"true" doc:"why"`
	SLIs     section.StringList `yaml:"slis" doc:"the SLIs it concerns" otherwise:"all"`
}
