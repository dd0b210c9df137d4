// Package awsconf is how this suite meets AWS: region, credentials, role, endpoint,
// retries and the wording of what goes wrong, once for all services.
package awsconf

// Options say which account and region is asked, and as whom. Zero fields leave the
// choice to the environment and the shared configuration files. Equal Options share
// one Session.
type Options struct {
	Region      string `yaml:"region" doc:"the AWS region" otherwise:"AWS_REGION, else the profile's"`
	Profile     string `yaml:"profile" doc:"a profile of the shared configuration files" otherwise:"AWS_PROFILE, else default"`
	RoleARN     string `yaml:"role_arn" pattern:"arn:[^:]+:iam::[0-9]{12}:role/.+" doc:"the role to assume"`
	ExternalID  string `yaml:"external_id" secret:"true" doc:"what the role's trust policy may ask for"`
	EndpointURL string `yaml:"endpoint_url" secret:"true" pattern:"https?://[^@?#]+" hint:"without a login or parameters; credentials come from the environment, a profile or a role" doc:"another endpoint for every service" otherwise:"AWS_ENDPOINT_URL, else the region's"`
}

// Over is o where it says something and outer elsewhere. An external id belongs to
// its role: a role of o's own doesn't take outer's.
func (o Options) Over(outer Options) Options {
	if o.RoleARN == "" {
		o.RoleARN = outer.RoleARN
		o.ExternalID = first(o.ExternalID, outer.ExternalID)
	}
	o.Region = first(o.Region, outer.Region)
	o.Profile = first(o.Profile, outer.Profile)
	o.EndpointURL = first(o.EndpointURL, outer.EndpointURL)
	return o
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// String names the account and region without anything secret; it is empty for zero
// Options.
func (o Options) String() string {
	text := ""
	for _, part := range []struct{ name, value string }{
		{"region", o.Region}, {"profile", o.Profile}, {"role", o.RoleARN}, {"endpoint", o.EndpointURL},
	} {
		if part.value == "" {
			continue
		}
		if text != "" {
			text += " "
		}
		text += part.name + "=" + part.value
	}
	return text
}

// ARN is a resource's name in policies: the region where one is configured, any
// account.
func (o Options) ARN(service, resource string) string {
	return "arn:aws:" + service + ":" + first(o.Region, "*") + ":*:" + resource
}
