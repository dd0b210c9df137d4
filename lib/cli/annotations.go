package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// annotations prints graph annotations of the stretches in which the check was not OK. It
// writes no state.
func (p reporting) annotations(ctx context.Context) int {
	if p.opt.From == "" || p.opt.To == "" {
		return p.usage(withHint(errors.New("annotations: needs --from and --to"), "annotations --from -24h --to -0m --service SERVICE"))
	}
	if p.opt.Service != "" && !serviceName().MatchString(p.opt.Service) {
		return p.usage(noService(p.opt.Service))
	}
	c, lang, err := p.configuration(ctx)
	if err != nil {
		return p.usage(err)
	}
	w, err := p.reportWindow(c)
	if err != nil {
		return p.usage(err)
	}
	spoken, err := p.spoken(ctx, c, w, lang)
	if err == nil {
		err = p.env.Outputs.Annotations(p.env.Stdout, p.opt.Service, slices.Concat(spoken...))
	}
	if err != nil {
		p.voice.fail(fmt.Errorf("annotations: %w", err), "")
		return exitFailed
	}
	if p.opt.Service == "" {
		p.voice.warn("Mackerel takes no annotation without its service", "add --service SERVICE")
	}
	return exitOK
}
