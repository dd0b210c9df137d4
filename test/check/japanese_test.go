package check

import (
	"regexp"
	"testing"
)

const japaneseDocument = "../../docs/verdicts.ja.md"

const japanesePreamble = `# チェックの判定例

<!-- written by: go test ./test/check -run Verdicts -update -->

シミュレーションしたパイプラインのログとメトリックに対して check-pipeline-freshness を 1 分ごとに実行し、最後の判定を示したものです
(` + "`language: ja`" + ` の場合)。特に断りがなければ freshness のしきい値は 60 秒で、age が 60 秒を超えると WARNING、5 分を超えると CRITICAL です。
「ルール」は ` + "`explain`" + ` が示す名前です。

| 状況 | 判定 | ルール | メッセージ |
|---|---|---|---|
`

// japanese tells each situation to Japanese readers.
var japanese = map[string]string{
	"on time":          "**正常**: 毎秒 2 レコード、どれも数秒で見えるようになる",
	"slow":             "**遅い**: 各レコードがバッチ処理まで最大 4 分待つ",
	"stopped consumer": "**コンシューマ停止**: レコードが届いているのに 8 分間停止",
	"nothing arrives":  "**到着なし**: 20 分間",
	"nothing arrives, records aren't followed":       "**到着なし、ID による追跡なし**: 20 分間。ID がないので、最後に出てきたレコードから age を求める",
	"stopped consumer, records aren't followed":      "**コンシューマ停止、ID による追跡なし**: レコードが届いているのに 8 分間停止",
	"nothing arrives, not allowed":                   "**到着なしを許さない**: 20 分間、`no_traffic: WARNING`",
	"backlog draining, over the limit":               "**滞留を処理中、上限超過**: 15 分間停止していたコンシューマが、たまった分を処理している",
	"backlog draining, within the limits":            "**滞留を処理中、上限以内**: 同じ状況で `warning_age: 30m, critical_age: 1h`",
	"backlog growing by a saw-tooth":                 "**滞留がのこぎり状に増加**: 5 分ごとに集中して届き、次までに処理しきれない。`warning_age: 30m, critical_age: 1h`",
	"the worker's clock is wrong":                    "**ワーカーの時計が狂っている**: 10 分進んでいる",
	"log missing":                                    "**ログがない**: ワーカーのログが 10 分前に削除された",
	"log unreadable":                                 "**ログが読めない**: ワーカーのログの場所が 10 分前からディレクトリになっている",
	"log unreadable, allowed":                        "**ログが読めないことを許す**: 同じ状況で `missing: OK`",
	"stopped consumer and no front log":              "**コンシューマ停止、フロントのログなし**: 確実な異常は「計測できず」より優先される",
	"state missing":                                  "**状態がない**: 最後の実行の前に削除。ウィンドウはログから読み直す",
	"state unusable":                                 "**状態が使えない**: 状態ディレクトリの場所にファイルがある。ウィンドウはログから読み直す",
	"state damaged":                                  "**状態が壊れている**: 上書きされた。退避してから作り直す",
	"batch job on time":                              "**バッチが予定どおり**: 1 時間ごと、所要 8 分",
	"batch job that didn't run":                      "**バッチが動かなかった**: 1 時間前に予定されていた最新の実行がない",
	"batch job that didn't run twice":                "**バッチが 2 回動かなかった**: 直近の 2 回とも実行がない",
	"batch job late but running":                     "**バッチが遅れて実行中**: 通常 8 分のところ 38 分実行している",
	"one failure among ten requests":                 "**10 件中 1 件の失敗**: ウィンドウの可用性は 90 %、下限は 99.5 % と 99 %。10 件では統計的に何も言えない",
	"failing front":                                  "**フロントの失敗**: 10 分間、リクエストの 5 % が失敗。下限は 99.9 % と 99 %",
	"front's log without lines":                      "**フロントのログに行がない**: 誰も来なかった。可用性で判定",
	"a log that tells no duration":                   "**所要時間のないログ**: 所要時間のない combined 形式。レイテンシで判定",
	"`where` without a match":                        "**`where` に一致しない**: `where: {uri: /video}` に対し、行はすべて /videos",
	"one record lost, a record each 10 s":            "**10 秒に 1 レコード、1 つ消失**: 9 分前。ほかはすべて出てくる",
	"one record lost, a record each second":          "**毎秒 1 レコード、1 つ消失**: 9 分前。ほかはすべて出てくる",
	"one record lost, five a second":                 "**毎秒 5 レコード、1 つ消失**: 9 分前。ほかはすべて出てくる",
	"a quarter stuck for an hour":                    "**4 分の 1 が 1 時間滞留**: 4 件に 1 件が出てこない。coverage の期限は 2 分",
	"redelivery storm":                               "**再配信の嵐**: 一度処理されたレコードがさらに 30 回届く",
	"one stamp in the future":                        "**未来の時刻が 1 つ**: 正常なワーカーの行で、9 時間先",
	"one stamp in the future, and a standstill":      "**未来の時刻が 1 つ、かつ停止**: ワーカーは 10 分前に停止",
	"refused requests":                               "**拒否されたリクエスト**: 15 % が 4xx。ID による追跡なし",
	"30 of 600 records of one minute lost":           "**ある 1 分間の 600 件中 30 件が消失**: 3 分前",
	"30 of 600 records of one minute lost, long ago": "**ある 1 分間の 600 件中 30 件が消失、かなり前**: 20 分前。coverage の期限 10 分は過ぎた",
	"a loss that the target allows":                  "**目標値で許される消失**: 1.5 % が出てこない。目標値は 98 %",
	"a record each ten minutes":                      "**10 分に 1 レコード**: それぞれ 25 秒かかる",
	"a record each ten minutes that is slow":         "**10 分に 1 レコード、遅い**: それぞれ 170 秒かかり、最後の 1 件は 100 秒前に届いた",
	"a night without writers":                        "**夜間、書き込みなし**: 5 時間誰も来ていない",
	"maintenance":                                    "**メンテナンス**: `exclude:` の中で、ワーカーが 20 分間停止",
	"a host's reboot":                                "**ホストの再起動**: 3 分前まで 4 分間、フロントとワーカーが不在。処理中だったものはあとで出てきた",
	"a replay":                                       "**過去分の再処理**: 当日分と並行して、前日の 1,200 レコードを再処理",
	"three hosts on one queue":                       "**3 台で 1 つのキュー**: どのワーカーも全ホストのレコードを処理し、このホストは自分のログだけを読む",
	"55 aborts and 45 errors":                        "**切断 55 件、エラー 45 件**: 100 リクエスト中。それ以外は 5 分間リクエストなし。下限は 90 %",
	"an outage at 20 requests an hour":               "**毎時 20 リクエストでの全面停止**: 1 時間すべて失敗。バーンレートで判定、目標値は 99.9 %",
	"one failure at 20 requests an hour":             "**毎時 20 リクエストでの失敗 1 件**: 最後の 1 件。バーンレートで判定、目標値は 99.9 %",
	"errors at nine tenths of the budget":            "**エラーがバジェットの 9 割**: 4 日間均等に。バーンレートで判定、期間は 1 日",
	"errors by chance at half of the budget":         "**不規則なエラーがバジェットの半分**: 4 日間。バーンレートで判定、期間は 7 日",
	"AWS: on time":                                   "**AWS: 正常**: 保持期間が既定のストリーム (8 シャード) と関数",
	"AWS: stopped consumer":                          "**AWS: コンシューマ停止**: 15 分間。関数のメトリックが出てこない",
	"AWS: throttled":                                 "**AWS: スロットリング**: 15 分間、関数をまったく実行できない",
	"AWS: one shard of eight is stuck":               "**AWS: 8 シャード中 1 つが停止**: 処理できないレコードで 10 分間",
	"AWS: retention running out":                     "**AWS: 保持期間切れが近い**: 17 時間、関数がまったく追いつかない。保持期間は 1 日 (10 分ごとに確認)",
	"AWS: nothing arrives":                           "**AWS: 到着なし**: 20 分間",
	"AWS: source forbidden":                          "**AWS: 権限なし**: 10 分間",
	"AWS: measurement late":                          "**AWS: 計測の遅れ**: 関数の 1 分間のデータは 4 分後に確定。`max_lag: 2m`",
	"AWS: this host's clock is wrong":                "**AWS: このホストの時計が狂っている**: 5 分",
}

// englishLeft is a sentence that wasn't said in Japanese: words in a row that are no names.
var englishLeft = regexp.MustCompile(`[A-Za-z][a-z']+ [a-z']+ [a-z']+`)

// inJapanese holds what the check says in Japanese against what it says in English.
func inJapanese(t *testing.T, s scenario, english, said verdict) {
	t.Helper()
	if japanese[s.name] == "" {
		t.Errorf("%s isn't told in Japanese", s.name)
	}
	if said.status != english.status {
		t.Errorf("%s in English, %s in Japanese: %s", english.status, said.status, said.text)
	}
	if left := englishLeft.FindString(said.text); left != "" {
		t.Errorf("%q is left in %s", left, said.text)
	}
}
