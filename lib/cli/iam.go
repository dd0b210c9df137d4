package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/sli"
)

// policy is an IAM policy document.
type policy struct {
	Version   string
	Statement []statement
}

type statement struct {
	Effect   string
	Action   []string
	Resource []string
}

// iamPolicy prints the least that this configuration may be allowed to do.
func (p *program) iamPolicy(ctx context.Context) int {
	c, err := p.load(ctx)
	if err != nil {
		return p.usage(err)
	}
	doc := policy{Version: "2012-10-17", Statement: statements(permissions(c))}
	if len(doc.Statement) == 0 {
		p.voice.warn("this configuration asks nothing of AWS; no policy is needed", "")
		return exitOK
	}
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		p.voice.fail(err, "")
		return exitFailed
	}
	fmt.Fprintf(p.env.Stdout, "%s\n", sli.EscapedJSON(text))
	return exitOK
}

// permissions lists "action resource" of all stages, each once, in order.
func permissions(c *config.Config) []string {
	var all []string
	for _, pipeline := range c.Pipelines {
		for _, s := range pipeline.Plan.Stages {
			all = append(all, s.Facts.Permissions...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// statements gather actions that concern the same resources. permissions are sorted.
func statements(permissions []string) []statement {
	resources := map[string][]string{}
	var actions []string
	for _, p := range permissions {
		action, resource, ok := strings.Cut(p, " ")
		if !ok {
			resource = "*"
		}
		if resources[action] == nil {
			actions = append(actions, action)
		}
		resources[action] = append(resources[action], strings.Fields(resource)...)
	}
	var out []statement
	for _, action := range actions {
		same := func(s statement) bool { return slices.Equal(s.Resource, resources[action]) }
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Action = append(out[i].Action, action)
			continue
		}
		out = append(out, statement{Effect: "Allow", Action: []string{action}, Resource: resources[action]})
	}
	return out
}
