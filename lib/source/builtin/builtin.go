// Package builtin lists the kinds of stages there are.
package builtin

import (
	"mackerel-plugin-pipeline-sli/lib/config"
	"mackerel-plugin-pipeline-sli/lib/internal/section"
	"mackerel-plugin-pipeline-sli/lib/measure"
	"mackerel-plugin-pipeline-sli/lib/source/accesslog"
)

// Kinds is every kind of stage. A new source is one line here.
func Kinds() map[string]config.Kind {
	return map[string]config.Kind{
		"access_log": {Options: accesslog.Options{}, New: func(n *section.Node, a config.Around) (config.Evidence, error) {
			return source(accesslog.New(n, a.Zone))
		}},
	}
}

// source passes a source on, or nothing beside an error.
func source[S measure.Source](s S, err error) (config.Evidence, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
