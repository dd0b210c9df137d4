package mackerel

import (
	"encoding/json"
	"testing"
)

// FuzzPulled: a file that mkr pulled is merged into a document that is JSON, with nothing of others left out, or refused.
func FuzzPulled(f *testing.F) {
	for _, text := range []string{
		`{"monitors":[{"id":"a","name":"n","type":"host","isMute":true,"notificationInterval":10}]}`, `{"monitors":[]}`, `{"monitors":[null]}`, `{"monitors":null}`,
		`{"urlPath":"u","title":"t","widgets":[{"type":"graph","title":"g","layout":{"x":0,"y":5,"width":8,"height":8}}]}`, `{"urlPath":"u","widgets":[{"layout":{"y":9223372036854775807,"height":9}}]}`, `[]`, `{`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, pulled []byte) {
		if entries, _, err := mergedMonitors(pulled, nil, nil); err == nil {
			for _, entry := range entries {
				if !json.Valid(entry) {
					t.Errorf("%q became %q", pulled, entry)
				}
			}
		}
		if document, _, err := mergedDashboard(pulled, []widget{{Type: "markdown", Title: "pipeline p", Layout: layout{Width: 24, Height: 2}}}); err == nil && !json.Valid(document) {
			t.Errorf("%q became %q", pulled, document)
		}
	})
}
