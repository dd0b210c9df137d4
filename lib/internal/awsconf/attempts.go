package awsconf

import (
	"context"

	"github.com/aws/smithy-go/middleware"
)

// ended is a call that a limit ended, with what was answered before.
type ended struct {
	error
	limit error // which one
	last  error // of the attempts, nil if none was answered
}

func (e *ended) Unwrap() error { return e.error }

// attempt is where the last attempt's failure is kept.
type attempt struct{}

// noteAttempts keeps, over the pauses between attempts, what the last one said: the SDK
// forgets it when time ends during a pause, and whose time that was.
func noteAttempts(stack *middleware.Stack) error {
	err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("pipeline-sli-call",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			last := new(error)
			out, metadata, err := next.HandleInitialize(middleware.WithStackValue(ctx, attempt{}, last), in)
			if err != nil && ctx.Err() != nil {
				err = &ended{error: err, limit: context.Cause(ctx), last: *last}
			}
			return out, metadata, err
		}), middleware.Before)
	if err != nil {
		return err
	}
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("pipeline-sli-attempt",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleFinalize(ctx, in)
			if last, ok := middleware.GetStackValue(ctx, attempt{}).(*error); ok && err != nil && ctx.Err() == nil {
				*last = err
			}
			return out, metadata, err
		}), "Retry", middleware.After)
}
