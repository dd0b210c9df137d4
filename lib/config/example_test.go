package config_test

import (
	"fmt"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/builtin"
	"mackerel-plugin-pipeline-sli/lib/config"
)

// A file becomes plans: what is measured, how, and out of what.
func ExampleReader_Read() {
	reader := config.Reader{Kinds: builtin.Kinds(), Getenv: func(string) (string, bool) { return "", false }}
	c, err := reader.Read([]config.Source{{Name: "pipeline-sli.yaml", Text: []byte(`
pipelines:
  - name: video
    stages: [ { name: front, access_log: { path: /var/log/nginx/access.log } } ]
    slis: { availability: { target: 99.9 }, latency: { threshold: 500ms, target: 99 } }
`)}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, rule := range c.Pipelines[0].Plan.Rules {
		fmt.Printf("%s from %s by %s, %s: %s\n", rule.Kind, strings.Join(rule.Stages, ", "), rule.Method, rule.Quality, rule.Formula)
	}
	// Output:
	// availability from front by access_log, exact: requests answered with a good status / requests
	// latency from front by access_log, exact: requests within 500ms / requests answered successfully, with a known duration
}
