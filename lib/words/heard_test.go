package words

import (
	"fmt"
	"regexp"
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
	for _, text := range elsewhere {
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
		"log file /a b: no such file or directory":                                     "ログファイル /a b: ファイルがありません",
		"stage front: log file x: permission denied":                                   "ステージ front: ログファイル x: 読み取る権限がありません",
		"stage records: sqs:GetQueueAttributes is not allowed; add it to the policy":   "ステージ records: sqs:GetQueueAttributes が許可されていません。ポリシーに追加してください",
		"2 of 4 requests can't be judged: their lines have no status; did you mean x?": "リクエスト 4 件中 2 件を判定できません: 行にステータスがありません。x の間違いではありませんか",
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
