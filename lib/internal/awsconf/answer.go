package awsconf

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"mackerel-plugin-pipeline-sli/lib/internal/raw"
)

const (
	// maxAnswer bounds what is read of an answer, in bytes; the largest that services
	// give, 10,000 log events, have a few million.
	maxAnswer = 16 << 20
	// maxRefusal bounds what is read of an answer that says no, in bytes.
	maxRefusal = 64 << 10
)

// direct has the transport that the SDK made from the environment, and follows no
// redirection: the answer would be another's, and a token would travel there.
func direct(c aws.HTTPClient) aws.HTTPClient {
	made, ok := c.(*awshttp.BuildableClient)
	if !ok {
		made = awshttp.NewBuildableClient()
	}
	return &http.Client{
		Transport:     made.GetTransport(),
		Timeout:       made.GetTimeout(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// errNoDocument says that an answer holds nothing that a service of AWS answers with. The
// SDK takes an empty one for an answer in which there is nothing.
var errNoDocument = errors.New("no document")

// holdAnswers bounds what is read of answers, refuses those that are none, and takes out
// of a refusal the token that it repeats.
func holdAnswers(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("pipeline-sli-answer",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			answer, ok := out.RawResponse.(*smithyhttp.Response)
			if err != nil || !ok {
				return out, metadata, err
			}
			if answer.StatusCode >= http.StatusMultipleChoices {
				text, err := io.ReadAll(io.LimitReader(answer.Body, maxRefusal))
				if err != nil {
					return out, metadata, err
				}
				if request, ok := in.Request.(*smithyhttp.Request); ok {
					text = without(text, request.Header.Get("X-Amz-Security-Token"), request.Header.Get("Authorization"))
				}
				answer.Body = replaced{bytes.NewReader(text), answer.Body}
				return out, metadata, nil
			}
			most := maxAnswer
			if streams[stack.ID()] {
				most = math.MaxInt
			}
			answer.Body = replaced{&bounded{answer.Body, most}, answer.Body}
			if streams[stack.ID()] || ofInstance(ctx, in) {
				return out, metadata, nil
			}
			text := bufio.NewReaderSize(answer.Body, heading)
			answer.Body = replaced{text, answer.Body}
			head, err := text.Peek(heading)
			if err == io.EOF {
				err = nil // of a short answer
			}
			if err == nil && !opens(head, stack.ID()) {
				err = errNoDocument
			}
			if keep := raw.Of(ctx); err == nil && keep != nil && measured[stack.ID()] {
				whole, failed := io.ReadAll(text)
				keep(awsmiddleware.GetServiceID(ctx)+" "+stack.ID(), whole)
				answer.Body, err = replaced{bytes.NewReader(whole), answer.Body}, failed
			}
			return out, metadata, err
		}), middleware.After)
}

// streams are the operations whose answers are read piece by piece, however long.
var streams = map[string]bool{"GetObject": true}

// measured are the operations whose answers may be kept: what was measured and logged.
// What others say, of functions, tasks or sessions, may hold variables and keys.
var measured = map[string]bool{
	"GetMetricData": true, "ListMetrics": true, "FilterLogEvents": true, "GetQueryResults": true,
	"GetTraceSummaries": true, "BatchGetTraces": true, "ListObjectsV2": true,
}

// ofInstance tells whether an instance's metadata were asked for, which are plain text.
func ofInstance(ctx context.Context, in middleware.DeserializeInput) bool {
	request, ok := in.Request.(*smithyhttp.Request)
	return ok && awsmiddleware.GetServiceID(ctx) == "" && strings.HasPrefix(request.URL.Path, "/latest/")
}

// heading is what an answer is known by, in bytes.
const heading = 512

// roots are the elements that answers in XML are, by the operation, where they aren't named
// for it.
var roots = map[string]string{"ListObjectsV2": "ListBucketResult"}

// opens tells whether the answer to an operation, in JSON, XML or CBOR (a map: RFC 8949,
// 3.1), may begin so.
func opens(head []byte, operation string) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(head) == 0:
		return false
	case head[0] == '{' || head[0]>>5 == 5:
		return roots[operation] == ""
	case head[0] != '<':
		return false
	}
	root := roots[operation]
	if root == "" {
		root = operation + "Response"
	}
	return bytes.Contains(head, []byte("<"+root))
}

// without is a text in which secrets are blotted out.
func without(text []byte, secrets ...string) []byte {
	for _, s := range secrets {
		if s != "" {
			text = bytes.ReplaceAll(text, []byte(s), []byte("…"))
		}
	}
	return text
}

// replaced reads from somewhere else than what it closes.
type replaced struct {
	io.Reader
	io.Closer
}

// broken is why an answer couldn't be read to its end.
type broken struct{ error }

func (b broken) Unwrap() error { return b.error }

// brokeOff tells whether an answer began, and its end didn't come.
func brokeOff(err error) bool { return errors.As(err, new(broken)) }

// bounded ends an answer that is too long with an error, and marks what ends it early.
type bounded struct {
	from io.Reader
	left int
}

var errTooLong = errors.New("the answer is too long")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	if err != nil && err != io.EOF {
		err = broken{err}
	}
	return n, err
}
