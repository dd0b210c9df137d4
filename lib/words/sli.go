package words

// What each SLI asks.
var (
	availability = Text{"was the write accepted?", "書き込みは受け付けられたか"}
	latency      = Text{"was it accepted quickly?", "すばやく受け付けられたか"}
	freshness    = Text{"how soon can users see it?", "どれだけ早くユーザーに見えるようになるか"}
	coverage     = Text{"did every accepted record come out in time?", "受け付けたレコードは期限内にすべて処理されたか"}
	correctness  = Text{"did it come out right?", "正しい結果になったか"}
)

var questions = map[string]Text{
	"availability": availability,
	"latency":      latency,
	"freshness":    freshness,
	"coverage":     coverage,
	"correctness":  correctness,
}

// Question is what the SLI of that name asks.
func Question(sli string) Text { return questions[sli] }
