package config

import (
	"regexp"
	"strings"
	"sync"

	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// Frame is what a file says beside the sections of stages and of what is beside them,
// where addresses and credentials stand, as a text that is read like a file: what a
// recording keeps of it. Read with kinds that need no section it makes the same plans.
func (r Reader) Frame(source Source) (string, error) {
	root, err := section.Parse(source.Name, source.Text, r.Getenv)
	if root == nil || err != nil {
		return "", err
	}
	return root.Spell(r.withheld), nil
}

var places = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[[0-9]+\]`) })

// withheld is what a frame has in the place of a section.
func (r Reader) withheld(n *section.Node) (text string, ok bool) {
	switch path := places().ReplaceAllString(n.Path(), ""); path {
	case "state_dir", "record", "aws", "pipelines.aws", "pipelines.stages.aws":
		return "", true
	case "pipelines.prover":
		return "{}", true
	default:
		name, inStage := strings.CutPrefix(path, "pipelines.stages.")
		kind, known := r.Kinds[name]
		if !inStage || !known {
			return "", false
		}
		return n.Spell(func(n *section.Node) (string, bool) {
			if _, further := kind.Further[n.Step()]; further {
				return "{}", true
			}
			return "", true
		}), true
	}
}
