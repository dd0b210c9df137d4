package section

import "errors"

// The structs that the tests decode into: the frame of a real file, shortened, and a few sections.

type file struct {
	AWS       *awsOptions `yaml:"aws" doc:"where and as whom AWS is asked"`
	Pipelines []pipeline  `yaml:"pipelines" doc:"one entry a pipeline" required:"true"`
}

type awsOptions struct {
	Region string `yaml:"region" doc:"AWS region"`
}

type pipeline struct {
	Name   string   `yaml:"name" doc:"part of metric names" required:"true" pattern:"[A-Za-z0-9_-]+"`
	Label  string   `yaml:"label" doc:"shown to people"`
	Window Duration `yaml:"window" doc:"what ratios speak of" default:"5m" min:"1m" max:"1h"`
	Stages []stage  `yaml:"stages" doc:"in the order a record flows" required:"true"`
	SLIs   slis     `yaml:"slis" doc:"what is measured"`
	Prover *Node    `yaml:"prover" doc:"known-answer records"`
	Check  *check   `yaml:"check" doc:"options of the check"`
	SLO    struct {
		Period Duration `yaml:"period" doc:"length of the error budget" default:"28d"`
	} `yaml:"slo" doc:"the budget"`
}

type stage struct {
	Name string      `yaml:"name" doc:"unique in the pipeline" required:"true" pattern:"[A-Za-z0-9-]+"`
	AWS  *awsOptions `yaml:"aws" doc:"overrides the pipeline's"`
	Kind Variant     `doc:"exactly one kind"`
}

type slis struct {
	Availability *objective `yaml:"availability" doc:"accepted writes"`
	Latency      *latency   `yaml:"latency" doc:"accepted quickly"`
	Freshness    *freshness `yaml:"freshness" doc:"visible soon"`
	Coverage     *coverage  `yaml:"coverage" doc:"came out at all"`
	Correctness  *objective `yaml:"correctness" doc:"came out right"`
}

type objective struct {
	Target Target `yaml:"target" doc:"percent" required:"true"`
	From   string `yaml:"from" doc:"where it is measured" otherwise:"derived"`
}

type latency struct {
	Threshold UnitDuration `yaml:"threshold" doc:"how long may a request take" required:"true"`
	objective
}

type freshness struct {
	Threshold Duration `yaml:"threshold" doc:"how old may data be" required:"true"`
	objective
}

type coverage struct {
	Deadline Duration `yaml:"deadline" doc:"done within"`
	objective
}

type check struct {
	CriticalAge Duration `yaml:"critical_age" doc:"limit"`
}

type accessLog struct {
	lines
	Where     map[string]StringList `yaml:"where" doc:"lines that count"`
	BigLines  int                   `yaml:"big_lines" min:"1" max:"10" default:"2" doc:"whole number in a range"`
	Share     float64               `yaml:"share" min:"0" doc:"number with a lower bound"`
	Malformed Percent               `yaml:"max_malformed" default:"10%" doc:"above it the minute is not measured"`
	Optional  bool                  `yaml:"optional" default:"false" doc:"a missing file is no failure"`
	Password  string                `yaml:"password" secret:"true" pattern:"[a-z]+" doc:"never shown"`
}

type lines struct {
	Path   StringList `yaml:"path" doc:"files, globs"`
	Format string     `yaml:"format" doc:"of a line" default:"auto" enum:"ltsv|json|combined|alb|regex|auto"`
}

type kinesis struct {
	Stream string `yaml:"stream" doc:"name of the stream" required:"true"`
	Shards int    `yaml:"shards" doc:"number of shards" otherwise:"asked of AWS" min:"1"`
}

type lambda struct {
	Function string `yaml:"function" doc:"name of the function" required:"true"`
}

type dynamodb struct {
	Table     string `yaml:"table" doc:"name of the table" required:"true"`
	Operation string `yaml:"operation" default:"PutItem" doc:"operation that writes"`
	Writes    string `yaml:"writes" enum:"one_per_record|other" default:"other" doc:"whether writes count records"`
}

func stageKinds() Variants {
	return Variants{"access_log": &accessLog{}, "kinesis": &kinesis{}, "lambda": &lambda{}, "dynamodb": dynamodb{}}
}

// load does what a program does: parse, decode the frame, let each kind decode its own section.
func load(name string, data []byte, getenv func(string) (string, bool)) (file, []*Error) {
	var f file
	root, err := Parse(name, data, getenv)
	all := []error{err}
	if root != nil {
		all = append(all, root.DecodeVariants(&f, stageKinds()))
	}
	for _, p := range f.Pipelines {
		for _, s := range p.Stages {
			if s.Kind.Node != nil {
				all = append(all, s.Kind.Node.Decode(newOptions(s.Kind.Kind)))
			}
		}
	}
	return f, All(errors.Join(all...))
}

func newOptions(kind string) any {
	switch kind {
	case "access_log":
		return &accessLog{}
	case "kinesis":
		return &kinesis{}
	case "lambda":
		return &lambda{}
	default:
		return &dynamodb{}
	}
}

func environment(name string) (string, bool) {
	value, ok := map[string]string{"TARGET": "99.5", "SECRET": "hunter2", "EMPTY": "", "NESTED": "${SECRET}"}[name]
	return value, ok
}
