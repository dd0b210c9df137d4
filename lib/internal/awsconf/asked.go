package awsconf

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// asked is who was asked for credentials last, and what became of it: the providers of the
// SDK drop what they were told.
type asked struct {
	place  string
	status int   // of the answer; 0 if there was none
	err    error // what came of it, unless time was over
}

const (
	instance  = "instance metadata"
	container = "container credentials"
)

// note keeps who is asked for credentials.
func (s *Session) note(stack *middleware.Stack) error {
	err := stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("pipeline-sli-asked",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleFinalize(ctx, in)
			if a := s.asked.Load(); a != nil && err != nil && ctx.Err() == nil {
				s.asked.Store(&asked{a.place, a.status, err})
			}
			return out, metadata, err
		}), middleware.After)
	if err != nil {
		return err
	}
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("pipeline-sli-asked",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			a := asked{place: container}
			switch service := awsmiddleware.GetServiceID(ctx); {
			case ofInstance(ctx, in):
				a.place = instance
			case service != "":
				a.place = strings.ToLower(service) + ":" + stack.ID()
			}
			if answer, ok := out.RawResponse.(*smithyhttp.Response); ok {
				a.status = answer.StatusCode
			}
			s.asked.Store(&a)
			return out, metadata, err
		}), middleware.After)
}

// told says why credentials didn't come as whoever was asked for them told it; nil where
// nobody was, or nobody answers there.
func (a *asked) told(ctx context.Context, err error) error {
	late := ctx.Err() != nil || timedOut(err)
	switch {
	case a == nil, late && a.err == nil:
		return nil
	case a.place == instance && (a.status == 0 || a.status == http.StatusNotFound): // no instance of EC2, or one without a role
		return nil
	case a.place == container && code(err) == "" && a.status >= http.StatusMultipleChoices:
		return fmt.Errorf("%s: answered HTTP %d", a.place, a.status)
	case a.status == http.StatusOK && code(err) == "" && status(err) == 0 && !brokeOff(err) && !errors.Is(err, errTooLong):
		return fmt.Errorf("%s: the answer holds no credentials; check endpoint_url, and proxies on the way", a.place)
	}
	if late {
		limit := context.Cause(ctx)
		if limit == nil { // a connection's deadline may be a moment before ctx's
			limit = context.DeadlineExceeded
		}
		err = &ended{error: err, limit: limit, last: a.err}
	}
	return Failure(a.place, err)
}

// blotted is an error without the external id, which whoever was asked may repeat.
func (s *Session) blotted(err error) error {
	if s.options.ExternalID == "" || !strings.Contains(err.Error(), s.options.ExternalID) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), s.options.ExternalID, "…"))
}
