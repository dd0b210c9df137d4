package awsconf

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"mackerel-plugin-pipeline-sli/lib/internal/namedfile"
)

// Patience is how long AWS is given. The zero value is what programs use.
type Patience struct {
	Credentials time.Duration        // until credentials must be there; 0: 4 s
	Backoff     retry.BackoffDelayer // pause between attempts; nil: the SDK's, at most 2 s
}

const (
	// credentialTime is short: an instance without a role must not eat the run's time.
	credentialTime = 4 * time.Second
	attempts       = 3
	longestPause   = 2 * time.Second
	sessionName    = "mackerel-plugin-pipeline-sli"
)

// Session is one account and region as somebody. Nothing is read or asked before the
// first Config.
type Session struct {
	options  Options
	patience Patience

	mu     sync.Mutex
	ready  bool
	config aws.Config
	run    time.Time
	err    error // of that run
	asked  atomic.Pointer[asked]
	helped atomic.Bool // a credential process is at it
}

// hint is what helps where there are no credentials.
const hint = "give the host a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"

// NewSession prepares a session.
func NewSession(o Options, p Patience) *Session {
	if p.Credentials == 0 {
		p.Credentials = credentialTime
	}
	return &Session{options: o, patience: p}
}

// Config is what clients are made from, its credentials fetched already. A failure
// stands for the whole run (one clock reading), so that it costs its time once.
func (s *Session) Config(ctx context.Context, run time.Time) (aws.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready {
		return s.config, nil
	}
	if s.err == nil || !s.run.Equal(run) {
		s.run = run
		s.config, s.err = s.load(ctx)
		s.ready = s.err == nil
	}
	return s.config, s.err
}

// What is given, once time is over, to come back. What names the file that hangs takes a
// moment more, and a run waits for both.
const (
	patience = 150 * time.Millisecond // to the reading of the files
	dying    = 2 * time.Second        // to a credential process: a run that ends while it is being started leaves it behind
)

// load gives everything up to the credentials its short time. The SDK reads files
// without minding any: on a mount that hangs they are given up.
func (s *Session) load(ctx context.Context) (aws.Config, error) {
	short, cancel := context.WithTimeoutCause(ctx, s.patience.Credentials, fmt.Errorf("no answer within %s", s.patience.Credentials))
	defer cancel()
	type loaded struct {
		cfg aws.Config
		err error
	}
	done := make(chan loaded, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- loaded{err: fmt.Errorf("internal error: %v", p)}
			}
		}()
		cfg, err := s.resolve(short)
		done <- loaded{cfg, err}
	}()
	var l loaded
	select {
	case l = <-done:
	case <-short.Done():
		wait, late := patience, errBlocked
		if s.helped.Load() {
			wait, late = dying, errProcessTime
		}
		select {
		case l = <-done:
		case <-time.After(wait):
			l.err = late
		}
	}
	return l.cfg, s.worded(ctx, l.cfg, l.err)
}

// errLate says that time was over before anybody answered.
var errLate = errors.New("late")

// errBlocked says that a file couldn't be read in time.
var errBlocked = errors.New("blocked")

// worded says in one line why there is no configuration, and whose time was over.
func (s *Session) worded(ctx context.Context, cfg aws.Config, err error) error {
	within := fmt.Sprintf("no answer within %s", s.patience.Credentials)
	if ctx.Err() != nil {
		within = "the run ended before they came"
	}
	var file error
	for _, may := range []error{errBlocked, errLate, errFiles, errNone} {
		if errors.Is(err, may) {
			file = namedfile.Unreadable(filesOf(cfg))
		}
	}
	late := errors.Is(err, errBlocked) || errors.Is(err, errLate)
	switch {
	case err == nil:
		return nil
	case late && file != nil:
		return fmt.Errorf("aws credentials: %s; %w", within, file)
	case file != nil:
		return fmt.Errorf("aws credentials: %w", file)
	case errors.Is(err, errBlocked):
		return fmt.Errorf("aws credentials: %s; see whether AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and AWS_CA_BUNDLE can be read", within)
	case errors.Is(err, errProcessTime):
		return fmt.Errorf("aws credentials: %s; see what the profile's credential_process waits for", within)
	case errors.Is(err, errLate):
		return fmt.Errorf("aws credentials: %s; %s", within, hint)
	}
	return err
}

// errNone says that nobody had credentials.
var errNone = errors.New("aws credentials: none found; " + hint)

// errFiles says that what stands in the files can't be used. Their text isn't shown.
var errFiles = errors.New("aws: the shared configuration can't be read; check AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and AWS_CA_BUNDLE")

// resolve reads the files and fetches credentials, and leaves it to load to word that
// time was over.
func (s *Session) resolve(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, s.loading()...)
	var profile config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &profile):
		return cfg, fmt.Errorf("aws: no profile %q; see `aws configure list-profiles`, as the user that runs this", profile.Profile)
	case err != nil && ctx.Err() != nil:
		return cfg, errLate
	case err != nil: // its text may quote the files
		return cfg, errFiles
	case cfg.Region == "":
		return cfg, errors.New("aws: no region; add region: ap-northeast-1, or set AWS_REGION")
	}
	cfg.HTTPClient = direct(cfg.HTTPClient)
	s.helped.Store(true)
	err = fromProcess(ctx, &cfg)
	s.helped.Store(false)
	if err != nil {
		return cfg, err
	}
	cfg.Retryer = s.retryer
	if s.options.RoleARN != "" {
		assume := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), s.options.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = sessionName
			if s.options.ExternalID != "" {
				o.ExternalID = aws.String(s.options.ExternalID)
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(assume)
	}
	return cfg, s.retrieve(ctx, cfg)
}

func (s *Session) loading() []func(*config.LoadOptions) error {
	options := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}),
		// The providers of credentials don't retry: the pauses of an instance metadata
		// service that refuses would eat the time. The next run asks again.
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithAPIOptions([]func(*middleware.Stack) error{noteAttempts, s.note, holdAnswers}),
	}
	if s.options.Region != "" {
		options = append(options, config.WithRegion(s.options.Region))
	}
	if s.options.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(s.options.Profile))
	}
	if s.options.EndpointURL != "" {
		options = append(options, config.WithBaseEndpoint(s.options.EndpointURL))
	}
	return options
}

// retryer is what services are asked with.
func (s *Session) retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = attempts, longestPause
		if s.patience.Backoff != nil {
			o.Backoff = s.patience.Backoff
		}
	})
}

// retrieve fetches credentials.
func (s *Session) retrieve(ctx context.Context, cfg aws.Config) error {
	_, err := cfg.Credentials.Retrieve(ctx)
	switch {
	case err == nil:
		return nil
	case s.options.RoleARN != "" && code(err) != "":
		return fmt.Errorf("aws credentials: %w; check the role's trust policy and external_id", s.blotted(Failure("sts:AssumeRole "+s.options.RoleARN, err)))
	case s.asked.Load().told(ctx, err) != nil:
		return fmt.Errorf("aws credentials: %w", s.blotted(s.asked.Load().told(ctx, err)))
	case refused(err):
		return errors.New("aws credentials: the endpoint refused the connection; " + hint)
	case ctx.Err() != nil, timedOut(err): // a connection's deadline may be a moment before ctx's
		return errLate
	}
	return errNone
}

func timedOut(err error) bool {
	var limit interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &limit) && limit.Timeout()
}
