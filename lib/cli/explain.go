package cli

import (
	"context"
	"fmt"

	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/words"
)

// style is how reports for people are drawn on this stdout.
func (p *program) style(lang words.Language) sli.Style {
	_, plain := p.env.Getenv("NO_COLOR")
	return sli.Style{Colour: p.env.Terminal > 0 && !plain, Width: p.env.Terminal, Zone: p.env.Zone, Language: lang}
}

// explain shows every number with where it came from. It writes no state.
func (p *program) explain(ctx context.Context) int {
	c, lang, err := p.configuration(ctx)
	if err != nil {
		return p.usage(err)
	}
	run := p.newRun(c)
	run.History = true
	var s measure.Store
	if run.All = p.opt.All; run.All {
		s = memory()
	} else {
		s = home{p}.store(c, true)
	}
	report, _, err := p.measure(ctx, run, s)
	if err != nil {
		return p.usage(err)
	}
	if p.opt.JSON {
		err = p.env.Outputs.ExplainJSON(p.env.Stdout, report, p.env.Zone)
	} else {
		err = p.env.Outputs.Explain(p.env.Stdout, report, p.style(lang))
	}
	if err != nil {
		p.voice.fail(fmt.Errorf("writing the explanation: %w", err), "")
		return exitFailed
	}
	if p.opt.JSON {
		p.doubts(report)
	}
	for _, pipeline := range report.Pipelines {
		if pipeline.Failed() > 0 {
			return exitFailed
		}
	}
	return exitOK
}
