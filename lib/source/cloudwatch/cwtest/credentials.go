package cwtest

import (
	"net/http"
	"strings"
)

const (
	account   = "123456789012"
	callerARN = "arn:aws:iam::" + account + ":user/test"
	imdsRole  = "instance-role"
	imdsToken = "imds-session-token"
	region    = "us-east-1"

	// expiration of all credentials handed out: clients compare it with the
	// real time, which no test clock moves.
	expiration = "2100-01-01T00:00:00Z"

	containerToken = "container-token"
)

// ContainerEnv is the environment, as name=value, of a client that gets its
// credentials as containers on ECS and EKS do. Its access key is AKIDCONTAINER.
func (s *Server) ContainerEnv() []string {
	return []string{
		"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + s.URL + containerPath,
		"AWS_CONTAINER_AUTHORIZATION_TOKEN=" + containerToken,
	}
}

// IMDSEnv is the environment, as name=value, of a client that gets its
// credentials from instance metadata, version 2. Its access key is AKIDINSTANCE.
func (s *Server) IMDSEnv() []string {
	return []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT=" + s.URL}
}

func (c *call) routeMetadata(method, path string) {
	const roles = "/latest/meta-data/iam/security-credentials/"
	switch {
	case path == containerPath && method == http.MethodGet:
		c.action = "container:Credentials"
	case path == "/latest/api/token" && method == http.MethodPut:
		c.action = "imds:Token"
	case method != http.MethodGet:
	case path == roles:
		c.action = "imds:Roles"
	case strings.HasPrefix(path, roles):
		c.action = "imds:Credentials"
	case path == "/latest/meta-data/placement/region":
		c.action = "imds:Region"
	}
}

const imdsTTLHeader = "X-Aws-Ec2-Metadata-Token-Ttl-Seconds"

func (s *Server) imdsToken(c *call) (any, *apiError) {
	if c.header.Get(imdsTTLHeader) == "" {
		return nil, &apiError{status: http.StatusBadRequest, message: "no " + imdsTTLHeader}
	}
	return imdsTokenReply(imdsToken), nil
}

// imdsTokenReply is a token; its lifetime travels in a header.
type imdsTokenReply string

func (s *Server) imdsRoles(c *call) (any, *apiError) { return imdsRole, c.checkIMDSToken() }

func (s *Server) imdsRegion(c *call) (any, *apiError) { return region, c.checkIMDSToken() }

func (s *Server) imdsCredentials(c *call) (any, *apiError) {
	return map[string]any{
		"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": s.clock().UTC().Format("2006-01-02T15:04:05Z"),
		"AccessKeyId": "AKIDINSTANCE", "SecretAccessKey": "secret", "Token": "instance-session", "Expiration": expiration,
	}, c.checkIMDSToken()
}

func (c *call) checkIMDSToken() *apiError {
	if c.header.Get("X-Aws-Ec2-Metadata-Token") != imdsToken {
		return &apiError{status: http.StatusUnauthorized, message: "no session token"}
	}
	return nil
}

func (s *Server) containerCredentials(c *call) (any, *apiError) {
	if c.header.Get("Authorization") != containerToken {
		return nil, &apiError{status: http.StatusUnauthorized, message: "wrong authorization token"}
	}
	return map[string]any{
		"AccessKeyId": "AKIDCONTAINER", "SecretAccessKey": "secret", "Token": "container-session", "Expiration": expiration,
	}, nil
}

// AssumeRoleInput is the request as it was sent.
type AssumeRoleInput struct {
	RoleArn         string
	RoleSessionName string
	ExternalID      string `json:"ExternalId"`
	DurationSeconds string
}

type stsCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumeRoleResult struct {
	Credentials     stsCredentials
	AssumedRoleUser struct {
		AssumedRoleID string `xml:"AssumedRoleId"`
		Arn           string
	}
}

// RequireExternalID makes AssumeRole of a role refuse calls without this external id.
func (s *Server) RequireExternalID(roleARN, externalID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resources.externalIDs[roleARN] = externalID
}

// assumeRole hands out the access key AKIDASSUMED.
func (s *Server) assumeRole(c *call) (any, *apiError) {
	in := &AssumeRoleInput{}
	if err := c.decode(in); err != nil {
		return nil, err
	}
	if in.RoleArn == "" || in.RoleSessionName == "" {
		return nil, validationError("RoleArn and RoleSessionName are required")
	}
	if want := s.resources.externalIDs[in.RoleArn]; want != in.ExternalID && want != "" {
		return nil, &apiError{
			status: http.StatusForbidden, shape: "AccessDenied",
			message: "User: " + callerARN + " is not authorized to perform: sts:AssumeRole on resource: " + in.RoleArn,
		}
	}
	r := assumeRoleResult{Credentials: stsCredentials{
		AccessKeyID: "AKIDASSUMED", SecretAccessKey: "secret", SessionToken: "assumed-session", Expiration: expiration,
	}}
	r.AssumedRoleUser.AssumedRoleID = "AROATEST:" + in.RoleSessionName
	r.AssumedRoleUser.Arn = strings.Replace(in.RoleArn, ":role/", ":assumed-role/", 1) + "/" + in.RoleSessionName
	return r, nil
}

func (s *Server) getCallerIdentity(*call) (any, *apiError) {
	return struct{ Arn, UserId, Account string }{callerARN, "AIDATEST", account}, nil
}
