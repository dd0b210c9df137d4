package mackerel

import (
	"encoding/json"
	"io"

	"mackerel-plugin-pipeline-sli/lib/sli"
	"mackerel-plugin-pipeline-sli/lib/slo"
)

// annotation is a graph annotation as the API takes it.
type annotation struct {
	Service     string `json:"service,omitempty"`
	From        int64  `json:"from"`
	To          int64  `json:"to"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// Limits of the API, in characters.
const (
	mostTitle       = 250
	mostDescription = 1024
)

// Annotations prints a graph annotation for each stretch in which the check was not OK,
// as a list whose members the API takes one by one.
func Annotations(w io.Writer, service string, spoken []slo.Spoken) error {
	all := []json.RawMessage{}
	for _, s := range spoken {
		if s.Status == slo.OK {
			continue
		}
		all = append(all, encoded(annotation{
			Service: service, From: s.From.Unix(), To: s.To.Unix(),
			Title:       cut(s.Plan.Title()+": "+s.Status.String()+" ("+s.Rule+")", mostTitle),
			Description: cut(sli.Escaped(s.Text), mostDescription),
		}))
	}
	document, err := indented(all)
	if err != nil {
		return err
	}
	_, err = w.Write(document)
	return err
}

// cut is a text of at most so many characters.
func cut(text string, most int) string {
	if all := []rune(text); len(all) > most {
		return string(all[:most-1]) + "…"
	}
	return text
}
