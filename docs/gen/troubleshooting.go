package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mackerel-plugin-pipeline-sli/lib/words/wordstest"
)

// filled is what stands in a text for its arguments, or for a percent sign.
var filled = regexp.MustCompile(`(?:%(?:\[\d+\])?[-+#0]*\d*(?:\.\d+)?[a-z])+|%%`)

// shown is a text as a reader meets it, with … for what is filled in.
func shown(text string) string {
	text = filled.ReplaceAllStringFunc(text, func(verb string) string {
		if verb == "%%" {
			return "%"
		}
		return "…"
	})
	return strings.ReplaceAll(strings.Trim(text, " ,;:。、"), "|", `\|`)
}

// named tells whether a text is the one called so: its name, all of it, or its beginning.
func named(t wordstest.Text, as string) bool {
	return t.Name == as || t.Name == "" && (t.En == as || len(as) >= 10 && strings.HasPrefix(t.En, as))
}

// sorted puts every text that tells of trouble to its trouble, and says what is left or is
// claimed twice.
func sorted(texts []wordstest.Text) (of map[*trouble][]wordstest.Text, problems []string) {
	of = map[*trouble][]wordstest.Text{}
	used := map[string]bool{}
	for _, t := range texts {
		if !slices.Contains(searched, t.File) || slices.Contains(quiet, t.Under) {
			continue
		}
		var owner *trouble
		best := ""
		for line := range strings.Lines(plain) {
			if as := strings.TrimSpace(line); named(t, as) && len(as) > len(best) {
				best = as
			}
		}
		for c := range chapters {
			for i := range chapters[c].troubles {
				for as := range strings.SplitSeq(chapters[c].troubles[i].says, "\n") {
					if named(t, as) && len(as) > len(best) {
						owner, best = &chapters[c].troubles[i], as
					}
				}
			}
		}
		used[best] = true
		switch {
		case best == "":
			problems = append(problems, fmt.Sprintf("%s: no trouble and not plain: %q %s", t.File, t.En, t.Name))
		case owner != nil:
			of[owner] = append(of[owner], t)
		}
	}
	for _, c := range chapters {
		for _, t := range c.troubles {
			for as := range strings.SplitSeq(t.says, "\n") {
				if !used[as] {
					problems = append(problems, fmt.Sprintf("no message is called %q", as))
				}
			}
		}
	}
	for as := range strings.SplitSeq(plain, "\n") {
		if !used[as] {
			problems = append(problems, fmt.Sprintf("plain: no text is called %q", as))
		}
	}
	return of, problems
}

var troublesTitle = [2]string{`# What a message means, and what to do

<!-- written by: go run ./docs/gen -->

[日本語](ja/troubleshooting.md)

Every message that the check, ` + "`explain`, `doctor` and `validate`" + ` have for something that isn't as it should be; … stands for a name or a number. Errors of the configuration and of flags bring their own hint, behind
` + "`hint:`" + `. What isn't a message: [README](../README.md#when-something-looks-wrong).
`, `# メッセージの意味と対処

<!-- written by: go run ./docs/gen -->

[English](../troubleshooting.md)

チェック、` + "`explain`、`doctor`、`validate`" + ` が問題を知らせるときのメッセージの一覧です。… には名前や数値が入ります。設定やフラグの誤りには、` + "`hint:`" + ` に続けて直し方が表示されます。
標準エラー出力の警告はいつも英語です。その文面は[英語のページ](../troubleshooting.md)で探せます。メッセージの出ない症状は [README](../../README.ja.md#困ったときは) にあります。
`}

// explained refuses texts of which the page would lack one, or explain one that isn't there.
func explained(texts []wordstest.Text) error {
	_, problems := sorted(texts)
	var errs []error
	for _, p := range problems {
		errs = append(errs, fmt.Errorf("%s; docs/gen/troubles.go says what messages mean, or that one is plain", p))
	}
	return errors.Join(errs...)
}

// troubleshooting is the page in a language: 0 English, 1 Japanese.
func troubleshooting(texts []wordstest.Text, language int) string {
	var b strings.Builder
	of, _ := sorted(texts)
	b.WriteString(troublesTitle[language])
	for c := range chapters {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n|---|---|---|\n", chapters[c].title[language],
			[2]string{"| message | means | do |", "| メッセージ | 意味 | 対処 |"}[language])
		for i := range chapters[c].troubles {
			t := &chapters[c].troubles[i]
			var messages []string
			for _, text := range of[t] {
				one := shown([2]string{text.En, text.Ja}[language])
				if !slices.Contains(messages, one) {
					messages = append(messages, one)
				}
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", strings.Join(messages, "<br>"), t.means[language], t.do[language])
		}
	}
	return b.String()
}
