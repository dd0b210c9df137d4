package words

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// filled is a format with an argument in the place of each verb, and the arguments.
func filled(format string) (sentence string, args []string) {
	sentence = regexp.MustCompile(`%[a-z%]`).ReplaceAllStringFunc(format, func(verb string) string {
		switch verb {
		case "%%":
			return "%"
		case "%d":
			args = append(args, fmt.Sprint(70+len(args)))
		default:
			args = append(args, fmt.Sprintf("NAME%d", len(args)))
		}
		return args[len(args)-1]
	})
	return sentence, args
}

func TestWhatIsHeardIsSaidWithAllThatItSpeaksOf(t *testing.T) {
	for _, text := range slices.Concat(elsewhere, refusals) {
		sentence, args := filled(text.En)
		if got := Heard(sentence).String(); got != sentence {
			t.Errorf("in English %q became %q", sentence, got)
		}
		said := Japanese.Render(Heard(sentence))
		if said == sentence || strings.Contains(said, "%!") {
			t.Errorf("%q became %q", sentence, said)
		}
		for _, arg := range args {
			if !strings.Contains(said, arg) {
				t.Errorf("%q lost %s: %q", sentence, arg, said)
			}
		}
	}
}

func TestWhatTheCatalogueDoesNotKnowIsSaidAsItIs(t *testing.T) {
	for _, sentence := range []string{"", "x", "dial tcp 127.0.0.1:1: weird", "100% of it", "%s %d"} {
		if got := Japanese.Render(Heard(sentence)); got != sentence {
			t.Errorf("%q became %q", sentence, got)
		}
	}
}

func TestASentenceWithinAnotherIsSaidInTheSameLanguage(t *testing.T) {
	for sentence, want := range map[string]string{
		"log file /a b: no such file or directory":                                                 "ログファイル /a b: ファイルがありません",
		"stage front: log file x: permission denied":                                               "ステージ front: ログファイル x: 読み取る権限がありません",
		"stage records: sqs:GetQueueAttributes is not allowed; add it to the policy":               "ステージ records: sqs:GetQueueAttributes が許可されていません。ポリシーに追加してください",
		"29 of 54 requests can't be judged: status is \"-\", which is no HTTP status (100 to 599)": "リクエスト 54 件中 29 件を判定できません: status の値 \"-\" は HTTP のステータス (100～599) ではありません",
		"2 of 4 requests can't be judged: their lines have no status; did you mean x?":             "リクエスト 4 件中 2 件を判定できません: 行にステータスがありません。x の間違いではありませんか",
	} {
		if got := Japanese.Render(Heard(sentence)); got != want {
			t.Errorf("%q: got %q, want %q", sentence, got, want)
		}
	}
	inner := StateMissing.With()
	if got := Japanese.Render(OfStage.With("front", inner)); got != "ステージ front: 計測できず" {
		t.Error(got)
	}
	if got := OfStage.With("front", inner).String(); got != "stage front: not measured" {
		t.Error(got)
	}
}

// The catalogue spells a sentence of elsewhere as it is said there: one that was changed
// would be said in English from then on.
func TestWhatIsHeardIsStillSaidSo(t *testing.T) {
	var b strings.Builder
	for _, root := range []string{"../measure", "../sli", "../estimate", "../source", "../indicator", "../internal", "../slo", "../cli", "../backtest", "../config"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				b.WriteString(read(t, path))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	source := strings.ReplaceAll(regexp.MustCompile("\"\\s*\\+\\s*\"").ReplaceAllString(b.String(), ""), `\"`, `"`)
	source = strings.ReplaceAll(source, `\\`, `\`)
	// Those of the operating system and of Go, and those that are put together word by word.
	others := regexp.MustCompile(`^(\? keys here|must be (a |text|true)|no such file|permission denied|file does not exist|minutes have|no |nothing came out|where |events |%%|add \$request_time|s\) while)|a minute settles|case counts|older than the history|^seconds; |estimated by S|AWS.s; check its time`)
	for _, text := range slices.Concat(elsewhere, refusals) {
		for _, piece := range regexp.MustCompile(`%[a-z]`).Split(text.En, -1) {
			piece = strings.Trim(piece, " :;,")
			if len(piece) < 8 || others.MatchString(piece) {
				continue
			}
			plain := strings.ReplaceAll(piece, "%%", "%") // said as it is, not as a format
			if !strings.Contains(source, piece) && !strings.Contains(source, plain) {
				t.Errorf("nobody says %q of %q any more", piece, text.En)
			}
		}
	}
}
