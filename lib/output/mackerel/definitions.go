package mackerel

import (
	"encoding/json"
	"io"

	mp "github.com/mackerelio/go-mackerel-plugin"

	"mackerel-plugin-pipeline-sli/lib/sli"
)

// Definitions prints the graph definitions of all plans, as the agent asks for them
// once at its start. Without plans the document is valid and empty, so that a broken
// configuration doesn't look like a broken plugin.
func Definitions(out io.Writer, prefix string, plans []*sli.Plan) error {
	graphs := map[string]mp.Graphs{}
	for _, plan := range plans {
		for _, g := range graphsOf(plan) {
			graphs[prefix+"."+string(g.name)+"."+plan.Name] = mp.Graphs{
				Label:   title(plan) + " " + g.label,
				Unit:    g.unit,
				Metrics: g.metrics,
			}
		}
	}
	document, err := json.Marshal(map[string]any{"graphs": graphs})
	if err != nil {
		return err
	}
	_, err = out.Write(append(append([]byte("# mackerel-agent-plugin\n"), sli.EscapedJSON(document)...), '\n'))
	return err
}
