package awsconf

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	// afterlife is how long what a credential process left behind may hold its output
	// open.
	afterlife = 100 * time.Millisecond
	// maxOutput bounds what a credential process may print, in bytes.
	maxOutput = 64 << 10
)

// fromProcess puts what a profile's credential_process prints in the place of the
// SDK's provider, which would leave a process that hangs, and its children, alone.
// Without one it leaves the configuration as it is.
func fromProcess(ctx context.Context, cfg *aws.Config) error {
	sources, ok := cfg.Credentials.(aws.CredentialProviderSource)
	if !ok {
		return nil
	}
	uses := false
	for _, source := range sources.ProviderSources() {
		uses = uses || source == aws.CredentialSourceProcess
	}
	profiles := chain(cfg)
	if !uses || len(profiles) == 0 {
		return nil
	}
	value, err := runProcess(ctx, profiles[len(profiles)-1].CredentialProcess)
	if err != nil {
		return err
	}
	cfg.Credentials = credentials.StaticCredentialsProvider{Value: value}
	for i := len(profiles) - 1; i >= 0; i-- { // the roles on top of it, as the profiles name them
		if p := profiles[i]; p.RoleARN != "" {
			cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(*cfg), p.RoleARN, assuming(p)))
		}
	}
	return nil
}

// chain is the profile and those it has its credentials from, the last one's own.
func chain(cfg *aws.Config) []config.SharedConfig {
	var out []config.SharedConfig
	for _, source := range cfg.ConfigSources {
		if profile, ok := source.(config.SharedConfig); ok {
			for p := &profile; p != nil; p = p.Source {
				out = append(out, *p)
			}
			return out
		}
	}
	return nil
}

func assuming(p config.SharedConfig) func(*stscreds.AssumeRoleOptions) {
	return func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = p.RoleSessionName
		if p.ExternalID != "" {
			o.ExternalID = aws.String(p.ExternalID)
		}
		if d := p.RoleDurationSeconds; d != nil && *d > stscreds.DefaultDuration {
			o.Duration = *d
		}
	}
}

// runProcess runs a credential process in a group of its own, which ends with it. Where it
// didn't answer in time, or as it should, all that it has started ends, whatever group or
// session that made for itself. What it says on its stderr is nobody's: it may be secret.
func runProcess(ctx context.Context, command string) (aws.Credentials, error) {
	args := words(command)
	if len(args) == 0 {
		return aws.Credentials{}, errors.New("aws credentials: credential_process names no program")
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:forbidigo // the user's own configuration says what to run
	var out bytes.Buffer
	cmd.Stdout = &limited{&out, maxOutput}
	cmd.WaitDelay = afterlife
	leave := adopt()
	end := alone(cmd, func() { leave(false) })
	ended := cmd.Run()
	end()
	held := errors.Is(ended, exec.ErrWaitDelay) // its output, by what it left: that is no daemon
	value, err := aws.Credentials{}, error(nil)
	switch {
	case ctx.Err() != nil:
		err = errProcessTime
	case ended != nil && !held:
		err = errors.New("aws credentials: credential_process failed; run it by hand, as the user that runs this")
	default:
		value, err = said(out.Bytes())
	}
	leave(err == nil && !held)
	return value, err
}

// said is the credentials that a credential process has printed.
func said(text []byte) (aws.Credentials, error) {
	var said processcreds.CredentialProcessResponse
	if json.Unmarshal(text, &said) != nil || said.Version != 1 || said.AccessKeyID == "" || said.SecretAccessKey == "" {
		return aws.Credentials{}, errors.New("aws credentials: credential_process printed no credentials; run it by hand, as the user that runs this")
	}
	value := aws.Credentials{
		Source: processcreds.ProviderName, AccessKeyID: said.AccessKeyID, SecretAccessKey: said.SecretAccessKey,
		SessionToken: said.SessionToken, AccountID: said.AccountID,
	}
	if said.Expiration != nil {
		value.CanExpire, value.Expires = true, *said.Expiration
	}
	return value, nil
}

// errProcessTime says that a credential process took too long.
var errProcessTime = fmt.Errorf("credential_process: %w", context.DeadlineExceeded)

// limited takes what fits and refuses the rest.
type limited struct {
	into *bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, io.ErrShortWrite
	}
	return l.into.Write(p)
}

// words takes a command apart as POSIX shells quote, and expands nothing: no shell has
// a part in it.
func words(command string) []string {
	var out []string
	var word strings.Builder
	within, quote := false, rune(0)
	escapes := runtime.GOOS != "windows" // where a backslash separates directories
	runes := []rune(command)
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		next := i+1 < len(runes)
		switch {
		case quote == '"' && r == '\\' && next && (runes[i+1] == '"' || runes[i+1] == '\\'),
			quote == 0 && r == '\\' && next && escapes:
			i++
			word.WriteRune(runes[i])
			within = true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, within = r, true
		case quote == 0 && (r == ' ' || r == '\t' || r == '\n'):
			if within {
				out = append(out, word.String())
			}
			word.Reset()
			within = false
		default:
			word.WriteRune(r)
			within = true
		}
	}
	if within {
		out = append(out, word.String())
	}
	return out
}
