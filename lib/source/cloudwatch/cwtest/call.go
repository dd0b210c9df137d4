package cwtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// protocol is how a call is written on the wire.
type protocol int

const (
	plain protocol = iota // metadata services: JSON or text, errors as text
	cborRPC
	json10
	json11
	restJSON
	query
)

func (p protocol) String() string {
	return [...]string{"plain", "cbor", "json1.0", "json1.1", "rest-json", "query"}[p]
}

// call is one request, whatever its protocol. Its input is one JSON object:
// CBOR is translated, query and path parameters are members with string values.
type call struct {
	action   string
	protocol protocol
	input    []byte
	decoded  any // what the operation read input into
	header   http.Header

	region, accessKey, sessionToken string
}

// apiError is a refusal. The shape is its name in the service's model; code is
// its older name where they differ, sent in the header x-amzn-query-error to
// clients in query mode.
type apiError struct {
	status  int
	shape   string
	code    string
	message string
}

func badRequest(shape, message string) *apiError {
	return &apiError{status: http.StatusBadRequest, shape: shape, message: message}
}

func validationError(message string) *apiError {
	return &apiError{status: http.StatusBadRequest, shape: "ValidationException", code: "ValidationError", message: message}
}

// newCall finds out what is asked. Where it returns an error the call is still fit to write it.
func newCall(r *http.Request, body []byte) (*call, *apiError) {
	c := &call{action: "unknown:" + r.Method + r.URL.Path, header: r.Header, sessionToken: r.Header.Get("X-Amz-Security-Token")}
	if err := c.route(r, body); err != nil {
		return c, err
	}
	if operations[c.action] == nil {
		return c, &apiError{status: http.StatusNotFound, shape: "UnknownOperationException", message: "no operation " + c.action}
	}
	return c, c.checkSignature()
}

const (
	rpcPrefix     = "/service/GraniteServiceVersion20100801/operation/"
	lambdaPrefix  = "/2015-03-31/"
	containerPath = "/container-credentials"
)

func (c *call) route(r *http.Request, body []byte) *apiError {
	path, target := r.URL.Path, r.Header.Get("X-Amz-Target")
	switch {
	case strings.HasPrefix(path, "/latest/"), path == containerPath:
		c.routeMetadata(r.Method, path)
		return nil
	case strings.HasPrefix(path, lambdaPrefix):
		c.routeLambda(r)
		return nil
	case r.Method != http.MethodPost:
		return nil
	}
	body, err := uncompressed(r.Header, body)
	if err != nil {
		return badRequest("SerializationException", "the body is no gzip: "+err.Error())
	}
	switch {
	case strings.HasPrefix(path, rpcPrefix):
		return c.routeCBOR(strings.TrimPrefix(path, rpcPrefix), body)
	case target != "":
		return c.routeJSON(target, body)
	default:
		return c.routeQuery(body)
	}
}

func uncompressed(h http.Header, body []byte) ([]byte, error) {
	if h.Get("Content-Encoding") != "gzip" {
		return body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxBody))
}

func (c *call) routeCBOR(operation string, body []byte) *apiError {
	c.protocol, c.action = cborRPC, "cloudwatch:"+operation
	if c.header.Get("Smithy-Protocol") != "rpc-v2-cbor" || c.header.Get("Content-Type") != "application/cbor" {
		return badRequest("SerializationException", "not the protocol rpc-v2-cbor")
	}
	input, err := jsonFromCBOR(body)
	if err != nil {
		return badRequest("SerializationException", err.Error())
	}
	c.input = input
	return nil
}

// jsonTargets are the X-Amz-Target prefixes with their IAM service and protocol version.
var jsonTargets = map[string]struct {
	service  string
	protocol protocol
}{
	"GraniteServiceVersion20100801": {"cloudwatch", json10},
	"Kinesis_20131202":              {"kinesis", json11},
	"DynamoDB_20120810":             {"dynamodb", json10},
	"AmazonSQS":                     {"sqs", json10},
}

func (c *call) routeJSON(target string, body []byte) *apiError {
	prefix, operation, _ := strings.Cut(target, ".")
	service, known := jsonTargets[prefix]
	c.protocol = json10
	if !known {
		return badRequest("UnknownOperationException", "no target "+target)
	}
	c.protocol, c.action, c.input = service.protocol, service.service+":"+operation, body
	if want := c.contentType(); c.header.Get("Content-Type") != want {
		return badRequest("SerializationException", "the content type is not "+want)
	}
	if !json.Valid(body) {
		return badRequest("SerializationException", "the body is not JSON")
	}
	return nil
}

func (c *call) routeQuery(body []byte) *apiError {
	c.protocol = query
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return badRequest("MalformedQueryString", err.Error())
	}
	c.action = "sts:" + form.Get("Action")
	if form.Get("Version") == "2015-12-01" {
		c.action = "elasticloadbalancing:" + form.Get("Action")
	}
	c.setParameters(form)
	return nil
}

func (c *call) routeLambda(r *http.Request) {
	c.protocol = restJSON
	if r.Method != http.MethodGet {
		return
	}
	parameters := r.URL.Query()
	path := strings.Trim(strings.TrimPrefix(r.URL.Path, lambdaPrefix), "/")
	if path == "event-source-mappings" {
		c.action = "lambda:ListEventSourceMappings"
	}
	if name, ok := strings.CutSuffix(path, "/configuration"); ok && strings.HasPrefix(name, "functions/") {
		c.action = "lambda:GetFunctionConfiguration"
		parameters.Set("FunctionName", strings.TrimPrefix(name, "functions/"))
	}
	c.setParameters(parameters)
}

// setParameters makes the input of the first value of each parameter.
func (c *call) setParameters(form url.Values) {
	members := map[string]string{}
	for name := range form {
		members[name] = form.Get(name)
	}
	c.input, _ = json.Marshal(members) // strings always encode
}

// decode reads the input. A call without a body has an empty one.
func (c *call) decode(into any) *apiError {
	c.decoded = into
	if len(c.input) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.input, into); err != nil {
		return badRequest("SerializationException", err.Error())
	}
	return nil
}

var credentialScope = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/, ]+)/\d{8}/([^/, ]+)/([^/, ]+)/aws4_request,`)

// checkSignature wants a Signature Version 4 of the right service; the signature itself is not verified.
func (c *call) checkSignature() *apiError {
	if c.protocol == plain {
		return nil
	}
	scope := credentialScope.FindStringSubmatch(c.header.Get("Authorization"))
	if scope == nil {
		return &apiError{status: http.StatusForbidden, shape: "MissingAuthenticationToken", message: "the request is not signed"}
	}
	c.accessKey, c.region = scope[1], scope[2]
	want, _, _ := strings.Cut(c.action, ":")
	if want == "cloudwatch" {
		want = "monitoring"
	}
	if scope[3] != want {
		return &apiError{
			status: http.StatusForbidden, shape: "SignatureDoesNotMatch",
			message: "credential should be scoped to correct service: " + want,
		}
	}
	return nil
}
