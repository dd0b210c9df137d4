package main

import (
	"fmt"
	"html"
	"strings"
)

// captions are the texts of the picture of a pipeline, in one language.
type captions struct {
	title                        string
	user, front, queue           string
	worker, store, reader        string
	evidence                     [4]string // of front, queue, worker and store
	write, answer, read          string
	availability, latency        string
	freshness, coverage          string
	correctness, capacity, usual string
}

// pictures are the pipeline with where each SLI is measured, for READMEs: drawings that
// follow the reader's light or dark colours.
func pictures() map[string][]byte {
	return map[string][]byte{
		"docs/pictures/pipeline.svg": picture(captions{
			title: "A pipeline, and which part of it each SLI measures",
			user:  "user", front: "front", queue: "queue", worker: "worker", store: "store", reader: "user",
			evidence: [4]string{"access log, ALB", "Kinesis, SQS", "its log, Lambda", "DynamoDB, SQL"},
			write:    "write", answer: "answer", read: "read",
			availability: "availability: was the write accepted?",
			latency:      "latency: was it accepted quickly?",
			freshness:    "freshness: how soon can users see it, how old is what they see?",
			coverage:     "coverage: did every accepted record come out in time?",
			correctness:  "correctness: did it come out right?",
			capacity:     "capacity: how close is each to its limits?",
			usual:        "what request metrics see",
		}),
		"docs/pictures/pipeline.ja.svg": picture(captions{
			title: "パイプラインと、各 SLI が測る範囲",
			user:  "ユーザー", front: "フロント", queue: "キュー", worker: "ワーカー", store: "保存先", reader: "ユーザー",
			evidence: [4]string{"アクセスログ、ALB", "Kinesis、SQS", "ログ、Lambda", "DynamoDB、SQL"},
			write:    "書き込み", answer: "応答", read: "読み取り",
			availability: "可用性: 書き込みは受け付けられたか",
			latency:      "レイテンシ: すばやく受け付けられたか",
			freshness:    "新鮮さ: どれだけ早く見えるようになるか、見えているデータはどれだけ古いか",
			coverage:     "カバレッジ: 受け付けたレコードは期限内にすべて処理されたか",
			correctness:  "正確性: 正しい結果になったか",
			capacity:     "キャパシティ: それぞれの限界までどれだけ近いか",
			usual:        "リクエストの監視で見える範囲",
		}),
	}
}

const pictureStyle = `text{font:14px system-ui,"Hiragino Sans","Noto Sans JP",sans-serif;fill:#1b1f24}
.paper{fill:#fff}.box{fill:#f2f5f8;stroke:#57606a}.small{font-size:12px;fill:#57606a}.way{stroke:#57606a;stroke-width:1.5;fill:none}
.head{fill:#57606a}.usual{fill:none;stroke:#8c959f;stroke-dasharray:4 4}.request{stroke:#2f7d4f}.record{stroke:#0a5fb4}.limit{stroke:#b26a00}
.request,.record,.limit{stroke-width:3;fill:none}.name{font-weight:600}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.paper{fill:#0d1117}.box{fill:#1b222b;stroke:#8b949e}.small{fill:#9aa7b4}.way{stroke:#9aa7b4}
.head{fill:#9aa7b4}.usual{stroke:#6e7681}.request{stroke:#5dbb85}.record{stroke:#6cb2ff}.limit{stroke:#e0b25a}}`

func picture(c captions) []byte {
	const width, height = 960, 336
	var b strings.Builder
	text := func(class, anchor string, x, y int, s string) {
		fmt.Fprintf(&b, `<text class="%s" x="%d" y="%d" text-anchor="%s">%s</text>`+"\n", class, x, y, anchor, html.EscapeString(s))
	}
	arrow := func(from, to, y int, label string) {
		tip := 8
		if to < from {
			tip = -8
		}
		fmt.Fprintf(&b, `<path class="way" d="M%d %dH%d"/><path class="head" d="M%d %dl%d -5v10z"/>`+"\n", from, y, to-tip, to, y, -tip)
		text("small", "middle", (from+to)/2, y-6, label)
	}
	// bracket marks a stretch of the way, with what is measured there.
	bracket := func(class string, from, to, y, ends int, s string) {
		fmt.Fprintf(&b, `<path class="%s" d="M%d %dv%dH%dv%d"/>`+"\n", class, from, y-ends, ends, to, -ends)
		name, rest, _ := strings.Cut(s, ": ")
		at := y + 17
		if ends < 0 {
			at = y - 8
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d"><tspan class="name">%s</tspan>: %s</text>`+"\n", from, at, html.EscapeString(name), html.EscapeString(rest))
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 50 %d %d" role="img" aria-labelledby="t"><title id="t">%s</title><style>%s</style>`+"\n", width, height, html.EscapeString(c.title), pictureStyle)
	fmt.Fprintf(&b, `<rect class="paper" y="50" width="%d" height="%d"/>`+"\n", width, height)

	const top, bottom = 136, 196
	fmt.Fprintf(&b, `<rect class="usual" x="12" y="64" width="304" height="%d" rx="8"/>`+"\n", bottom+20-64)
	text("small", "middle", 164, bottom+36, c.usual)
	for i, box := range []struct {
		name     string
		x, width int
	}{{c.user, 24, 76}, {c.front, 172, 132}, {c.queue, 364, 120}, {c.worker, 544, 140}, {c.store, 744, 120}} {
		fmt.Fprintf(&b, `<rect class="box" x="%d" y="%d" width="%d" height="%d" rx="6"/>`+"\n", box.x, top, box.width, bottom-top)
		if i == 0 {
			text("name", "middle", box.x+box.width/2, (top+bottom)/2+5, box.name)
			continue
		}
		text("name", "middle", box.x+box.width/2, (top+bottom)/2-4, box.name)
		text("small", "middle", box.x+box.width/2, (top+bottom)/2+16, c.evidence[i-1])
	}
	arrow(100, 172, top+18, c.write)
	arrow(172, 100, bottom-12, c.answer)
	arrow(304, 364, (top+bottom)/2, "")
	arrow(484, 544, (top+bottom)/2, "")
	arrow(684, 744, (top+bottom)/2, "")
	arrow(864, 932, (top+bottom)/2, c.read)
	text("small", "end", 948, bottom-8, c.reader)

	bracket("request", 24, 304, 124, -8, c.availability)
	bracket("request", 24, 304, 94, -8, c.latency)
	bracket("limit", 364, 864, 124, -8, c.capacity)
	bracket("record", 238, 804, 264, 8, c.freshness)
	bracket("record", 238, 804, 310, 8, c.coverage)
	bracket("record", 238, 804, 356, 8, c.correctness)
	b.WriteString("</svg>\n")
	return []byte(b.String())
}
