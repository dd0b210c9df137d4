package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"

	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// hostIDFile is where mackerel-agent keeps its host's id.
const hostIDFile = "/var/lib/mackerel-agent/id"

// roleName is SERVICE:ROLE as Mackerel allows names.
var roleName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{1,62}:[A-Za-z0-9][A-Za-z0-9_-]{1,62}$`)
})

// hostID is an id as Mackerel gives them.
var hostID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9]+$`) })

// noHostID says of what --host-id gives that it isn't one.
func noHostID(got string) error {
	return withHint(fmt.Errorf("--host-id: must be letters and digits (got %q)", got), "mkr hosts lists them")
}

// generating makes what Mackerel shows and monitors.
type generating struct{ *program }

// dashboard prints a custom dashboard of the configured pipelines.
func (p generating) dashboard(ctx context.Context) int {
	at, err := p.posting()
	if err == nil && at.HostID == "" && at.Role == "" {
		if at.HostID, err = agentsHost(); err != nil {
			err = withHint(fmt.Errorf("dashboard: %w", err), "dashboard --role SERVICE:ROLE")
		}
	}
	if err != nil {
		return p.usage(err)
	}
	return p.generate(ctx, p.env.Outputs.Dashboard, at)
}

// monitors prints monitors of the configured objectives.
func (p generating) monitors(ctx context.Context) int {
	at, err := p.posting()
	if err == nil && at.Role == "" {
		err = withHint(errors.New("monitors: needs the role that the hosts have"), "monitors --role SERVICE:ROLE --merge monitors.json")
	}
	generator := p.env.Outputs.Monitors
	switch {
	case p.opt.Format == "terraform":
		generator = p.env.Outputs.Terraform
		if err == nil && p.opt.Merge != "" {
			err = withHint(errors.New("--merge means nothing with --format terraform"), "Terraform touches its own monitors alone")
		}
	case err == nil && p.opt.Format != "mkr":
		err = fmt.Errorf("--format: must be mkr or terraform (got %q)", p.opt.Format)
	}
	if err != nil {
		return p.usage(err)
	}
	return p.generate(ctx, generator, at)
}

// posting is where the flags say that the metrics are.
func (p generating) posting() (sli.Posting, error) {
	at := sli.Posting{Prefix: p.opt.Prefix, HostID: p.opt.HostID, Role: strings.ReplaceAll(p.opt.Role, " ", "")}
	switch {
	case at.Role != "" && at.HostID != "":
		return at, withHint(errors.New("--host-id and --role name the same thing twice"), "leave out one of them")
	case at.Role != "" && !roleName().MatchString(at.Role):
		return at, withHint(fmt.Errorf("--role: must be SERVICE:ROLE, of two or more letters, digits, - and _ each (got %q)", p.opt.Role), "mkr services lists them")
	case at.HostID != "" && !hostID().MatchString(at.HostID):
		return at, noHostID(at.HostID)
	}
	return at, p.checkPrefix()
}

// agentsHost is the id of the host that this is.
func agentsHost() (string, error) {
	text, err := readBounded(hostIDFile)
	id := string(bytes.TrimSpace(text))
	if err == nil && hostID().MatchString(id) {
		return id, nil
	}
	return "", fmt.Errorf("needs a host or a role, and %s names none", hostIDFile)
}

// generate prints what a generator makes of the configuration, and says its notes.
func (p generating) generate(ctx context.Context, generator Generator, at sli.Posting) int {
	c, lang, err := p.configuration(ctx)
	if err != nil {
		return p.usage(err)
	}
	var pulled []byte
	if p.opt.Merge != "" {
		if pulled, err = p.pulled(ctx); err != nil {
			return p.usage(err)
		}
	}
	document, notes, err := generator(plansOf(c), at, lang, pulled)
	if err != nil {
		if pulled != nil {
			err = fmt.Errorf("--merge %s: %w", p.opt.Merge, err)
		}
		hint := ""
		var h interface{ Hint() string }
		if errors.As(err, &h) {
			hint = h.Hint()
		}
		p.voice.fail(err, hint)
		return exitFailed
	}
	for _, note := range notes {
		p.voice.warn(note, "")
	}
	if _, err := p.env.Stdout.Write(document); err != nil {
		p.voice.fail(fmt.Errorf("writing: %w", err), "")
		return exitFailed
	}
	return exitOK
}

// pulled is the text of the file that --merge names.
func (p generating) pulled(ctx context.Context) ([]byte, error) {
	text, err := within(ctx, func() ([]byte, error) { return readBounded(p.opt.Merge) })
	if err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		} else if !errors.Is(err, errGivenUp) {
			err = errors.New("is no regular file under 2 MiB")
		}
		return nil, withHint(fmt.Errorf("--merge %s: can't be read: %w", p.opt.Merge, err), "write it with mkr: mkr monitors pull -f FILE, mkr dashboards pull")
	}
	return text, nil
}

// language is the one that people are to be spoken to in.
func (p *program) language(c *config.Config) (words.Language, error) {
	name := c.Language
	if p.opt.Lang != "" {
		name = p.opt.Lang
	}
	lang, err := words.Parse(name)
	if err != nil {
		return lang, fmt.Errorf("--lang: %w", err)
	}
	return lang, nil
}
