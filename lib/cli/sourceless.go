package cli

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// sourceless are the flags that stand in for a configuration file.
type sourceless struct {
	AccessLog          string   `long:"access-log" value-name:"PATH" description:"without a file: measure this access log"`
	LatencyThreshold   unitSpan `long:"latency-threshold" value-name:"D" description:"with --access-log: what is quick enough, e.g. 500ms"`
	KinesisStream      string   `long:"kinesis-stream" value-name:"S" description:"without a file: the stream that records are put into"`
	LambdaFunction     string   `long:"lambda-function" value-name:"F" description:"without a file: the function that reads the stream"`
	DynamoDBTable      string   `long:"dynamodb-table" value-name:"T" description:"without a file: the table that the function writes"`
	FreshnessThreshold span     `long:"freshness-threshold" value-name:"D" description:"with --kinesis-stream and --lambda-function: what is soon enough, e.g. 60s"`
	Name               string   `long:"name" value-name:"N" description:"without a file: the pipeline's name"`
	Region             string   `long:"region" value-name:"R" description:"without a file: the AWS region"`
}

// aws tells whether a stage that asks AWS is named.
func (s sourceless) aws() bool {
	return s.KinesisStream != "" || s.LambdaFunction != "" || s.DynamoDBTable != ""
}

// check refuses flags that lack what they go with.
func (s sourceless) check() error {
	switch {
	case s.LatencyThreshold != 0 && s.AccessLog == "":
		return withHint(errors.New("--latency-threshold goes with --access-log"), "add --access-log PATH")
	case s.Region != "" && !s.aws():
		return withHint(errors.New("--region goes with stages that ask AWS"), "add --kinesis-stream S --lambda-function F")
	case s.Name != "" && s.AccessLog == "" && !s.aws():
		return withHint(errors.New("--name goes with flags that stand in for a file"), "add --access-log PATH, or --kinesis-stream S --lambda-function F")
	case (s.aws() || s.FreshnessThreshold != 0) && (s.KinesisStream == "" || s.LambdaFunction == "" || s.FreshnessThreshold == 0):
		return withHint(errors.New("--kinesis-stream, --lambda-function and --freshness-threshold go together"), "--kinesis-stream S --lambda-function F --freshness-threshold 60s")
	}
	return nil
}

// text spells the flags as a configuration.
func (s sourceless) text() (string, error) {
	if err := s.check(); err != nil {
		return "", err
	}
	name := s.Name
	switch {
	case name != "":
	case s.AccessLog != "":
		name = nameOf(s.AccessLog)
	default:
		name = cmp.Or(nameLike(s.LambdaFunction), nameLike(s.KinesisStream), "pipeline")
	}
	var stages, slis strings.Builder
	stage := func(name, kind, key, value string) {
		fmt.Fprintf(&stages, "  - name: %s\n    %s: { %s: %s }\n", name, kind, key, strconv.Quote(escape(value)))
	}
	if s.AccessLog != "" {
		path, err := filepath.Abs(s.AccessLog)
		if err != nil {
			return "", err
		}
		stage("front", "access_log", "path", path)
		slis.WriteString("    availability: { target: 99.9 }\n")
		if s.LatencyThreshold != 0 {
			fmt.Fprintf(&slis, "    latency: { threshold: %s, target: 99 }\n", section.UnitDuration(s.LatencyThreshold))
		}
	}
	if s.aws() {
		stage("stream", "kinesis", "stream", s.KinesisStream)
		stage("function", "lambda", "function", s.LambdaFunction)
		if s.DynamoDBTable != "" {
			stage("table", "dynamodb", "table", s.DynamoDBTable)
		}
		fmt.Fprintf(&slis, "    freshness: { threshold: %s, target: 99 }\n", section.Duration(s.FreshnessThreshold))
	}
	region := ""
	if s.Region != "" {
		region = fmt.Sprintf("aws: { region: %s }\n", strconv.Quote(escape(s.Region)))
	}
	return fmt.Sprintf("%spipelines:\n- name: %s\n  metrics: full\n  stages:\n%s  slis:\n%s", region, strconv.Quote(name), stages.String(), slis.String()), nil
}

// escape keeps a path that holds ${ from being expanded.
func escape(s string) string { return strings.ReplaceAll(s, "${", "$${") }

// nameOf is a pipeline's name from a file's.
func nameOf(path string) string {
	base := filepath.Base(path)
	for ext := filepath.Ext(base); ext != "" && ext != base; ext = filepath.Ext(base) {
		base = strings.TrimSuffix(base, ext)
	}
	return cmp.Or(nameLike(base), "log")
}

// nameLike is a name with what a pipeline's can't hold replaced; empty where nothing
// is left of it.
func nameLike(base string) string {
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '-' || r == '_' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z') {
			return r
		}
		return '_'
	}, base)
	if strings.Trim(name, "_") == "" {
		return ""
	}
	return name
}
