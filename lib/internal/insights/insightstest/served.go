package insightstest

import (
	"testing"

	"mackerel-plugin-pipeline-sli/lib/internal/awsconf"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
)

// Served is a server of the test's own, with the section that a text spells and the
// account that asks it.
func Served(t *testing.T, text string) (*Server, *section.Node, awsconf.Options) {
	t.Helper()
	server := New()
	t.Cleanup(server.Close)
	n, err := section.Parse("f.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
	return server, n, awsconf.Options{EndpointURL: server.URL}
}
