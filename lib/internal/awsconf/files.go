package awsconf

import (
	"cmp"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"mackerel-plugin-pipeline-sli/lib/internal/namedfile"
)

// filesOf are the files that a configuration comes from, as far as it was made. The SDK reads
// them without minding how long that takes, and its errors keep to themselves which one it
// was, or quote what stands in it.
func filesOf(cfg aws.Config) []namedfile.File {
	var out []namedfile.File
	for _, f := range []struct{ variable, otherwise string }{
		{"AWS_CONFIG_FILE", config.DefaultSharedConfigFilename()},
		{"AWS_SHARED_CREDENTIALS_FILE", config.DefaultSharedCredentialsFilename()},
		{"AWS_CA_BUNDLE", ""},
		{"AWS_WEB_IDENTITY_TOKEN_FILE", ""},
		{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", ""},
	} {
		named := os.Getenv(f.variable)
		if path := cmp.Or(named, f.otherwise); path != "" {
			out = append(out, namedfile.File{Path: path, By: f.variable, May: named == ""})
		}
	}
	for _, profile := range chain(&cfg) {
		if path := profile.WebIdentityTokenFile; path != "" {
			out = append(out, namedfile.File{Path: path, By: "the profile's web_identity_token_file"})
		}
	}
	return out
}
