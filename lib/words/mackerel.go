package words

// What stands beside monitors on Mackerel. They are named in English, by the names that
// metrics have.
var (
	Or             = Text{", or ", "、または"}
	BurnWindows    = Text{"over %[3]s in both the last %[1]s and the last %[2]s", "直近 %s と直近 %s の両方で %s を超える"}
	MonitorPage    = Text{"%s: %s The error budget of the target %s %% over %s burns so fast that somebody should look now (burn rate %s).", "%s「%s」: 目標値 %s %% (期間 %s) のエラーバジェットを急速に消費しています。すぐに確認してください (条件: バーンレートが%s)。"}
	MonitorTicket  = Text{"%s: %s The error budget of the target %s %% over %s won't last; it can wait until working hours (burn rate %s).", "%s「%s」: このままでは目標値 %s %% (期間 %s) のエラーバジェットが期間の終わりまでもちません。営業時間内に確認してください (条件: バーンレートが%s)。"}
	MonitorExplain = Text{"Over all hosts, the ratio of the sums of what each one counted. For the cause: sudo -u mackerel-agent mackerel-plugin-pipeline-sli explain --pipeline %s", "各ホストで数えた件数を、全ホスト分合計してから割った比率です。原因を調べるには: sudo -u mackerel-agent mackerel-plugin-pipeline-sli explain --pipeline %s"}
)

// Widgets of a dashboard: titles, and what stands beside each graph.
var (
	BoardTitle      = Text{"pipeline-sli: %s", "pipeline-sli: %s"}
	BoardAll        = Text{"Pipelines", "パイプライン"}
	BoardMemo       = Text{"Made by mackerel-plugin-pipeline-sli dashboard. To renew it: mkr dashboards pull, then dashboard --merge FILE", "mackerel-plugin-pipeline-sli dashboard で作成。更新するには mkr dashboards pull のあとに dashboard --merge FILE を実行してください"}
	ObjectivesTitle = Text{"%s: objectives", "%s: 目標"}
	ObjectivesHead  = Text{"| SLI | question | target | threshold | over |\n|---|---|---|---|---|\n", "| SLI | 何を見るか | 目標値 | しきい値 | 期間 |\n|---|---|---|---|---|\n"}
	Runbook         = Text{"[Runbook](%s)", "[手順書](%s)"}
	BudgetTitle     = Text{"%s: %s budget left", "%s: %s のエラーバジェット残量"}
	BudgetLow       = Text{"little is left", "残りわずか"}
	AgeTitle        = Text{"%s: age now", "%s: 現在の age"}
	AgeOver         = Text{"over the limit", "上限を超過"}
	AgeLimit        = Text{"critical_age", "critical_age (上限)"}
	WholeTitle      = Text{"%s: SLIs over all hosts", "%s: 全ホストの SLI"}
	WholeExplain    = Text{"The share of good events over the last hour, of all hosts together: the ratio of sums, not the mean of the hosts' ratios. Without traffic it reads 100.", "直近 1 時間の good の割合。ホストごとの比率の平均ではなく、全ホストの件数を合計してから割ったものです。トラフィックなしのときは 100 と表示されます。"}
	BurnTitle       = Text{"%s: burn rate over all hosts", "%s: 全ホストのバーンレート"}
	BurnExplain     = Text{"How many times faster than allowed the budget was spent over the last hour and the last 6 hours. 1 spends all of it exactly by the end of the period.", "直近 1 時間と 6 時間で、許容されるペースの何倍でエラーバジェットを消費したか。1 なら期間の終わりにちょうど使い切ります。"}
)

var (
	graphSLI        = Text{"%s: SLIs", "%s: SLI"}
	graphAge        = Text{"%s: age", "%s: age"}
	graphMeasure    = Text{"%s: measurement", "%s: 計測の状態"}
	graphEvents     = Text{"%s: events", "%s: イベント数"}
	graphDelay      = Text{"%s: delay", "%s: 遅延"}
	graphStageDelay = Text{"%s: mean delay per stage", "%s: ステージ別の平均遅延"}
	graphFlow       = Text{"%s: flow", "%s: フロー"}
	graphCapacity   = Text{"%s: capacity used", "%s: キャパシティ使用率"}
	graphBudget     = Text{"%s: error budget left", "%s: エラーバジェット残量"}
	graphOutlook    = Text{"%s: budget outlook", "%s: エラーバジェットの見通し"}
	graphProver     = Text{"%s: prover", "%s: prover"}
	graphLatency    = Text{"%s: latency", "%s: レイテンシ"}
	graphBurn       = Text{"%s: burn rate", "%s: バーンレート"}
	graphThrottle   = Text{"%s: throttled", "%s: スロットリング"}

	aboutSLI        = Text{"The share of good events in the window, in percent. A gap is no traffic, or minutes that couldn't be measured; `measured` tells which: it falls only where something couldn't be measured.", "ウィンドウ内の good の割合 (%%)。線が途切れるのは、トラフィックがないか計測できなかったときです。`measured` が下がっていれば計測できていません。"}
	aboutAge        = Text{"`age`: how long the oldest accepted record that users can't see yet has waited; 0 when nothing is owed. `measure_lag`: how old the newest complete answer is.", "`age`: 受け付けたのにまだ見えていない最も古いレコードの待ち時間。未処理がなければ 0 です。`measure_lag`: 最新の確定したデータがどれだけ前のものか。"}
	aboutMeasure    = Text{"About the measurement itself: `up` is 0 while a source doesn't answer; `minutes_skipped` came too late to be posted (export has them).", "計測そのものの状態。応答しないデータソースがあると `up` が 0 になります。`minutes_skipped` は値の投稿が間に合わなかった時間 (分単位) で、その値は export で取り出せます。"}
	aboutEvents     = Text{"Good and valid events since the last point. They add over time and over hosts where each host counts its own.", "前回の投稿以降の good と valid の件数。どの期間についても合計できます。ホストごとに数えている SLI なら、ホスト間でも合計できます。"}
	aboutDelay      = Text{"From accepted to visible.", "受け付けてから見えるようになるまでの時間。"}
	aboutStageDelay = Text{"The mean time that each stage adds. Means add up to the whole; percentiles wouldn't.", "ステージごとの平均所要時間。平均を足し合わせると全体の平均になります (パーセンタイルはそうなりません)。"}
	aboutFlow       = Text{"Records accepted and done since the last point, and what became of the others. `backlog`: accepted and not done yet. `unexplained`: what the counts don't account for.", "前回の投稿以降に受け付けた件数と処理した件数、それ以外のレコードの行き先。`backlog`: 受け付け済みで未処理の件数。`unexplained`: 件数の差のうち説明のつかないもの。"}
	aboutCapacity   = Text{"How close each stage is to its limits.", "各ステージが限界にどれだけ近いか。"}
	aboutBudget     = Text{"What is left of the error budget of the period; negative when overspent (shown down to −100).", "期間のエラーバジェットの残り。使い過ぎると負になります (−100 まで表示)。"}
	aboutOutlook    = Text{"Days until the budget is spent at the present rate, and how much of the period was measured.", "今のペースで使い切るまでの日数と、期間のうち計測できた時間の割合。"}
	aboutProver     = Text{"Known-answer records that were sent through the front door and looked for in the store.", "正解がわかっているデータをフロントから投入し、ストアで確かめた結果。"}
	aboutLatency    = Text{"How long the front takes to answer.", "フロントが応答するまでの時間。"}
	aboutBurn       = Text{"How many times faster than allowed the budget is being spent; 1 spends it exactly by the end of the period.", "許容されるペースの何倍でエラーバジェットを消費しているか。1 なら期間の終わりにちょうど使い切ります。"}
	aboutThrottle   = Text{"Calls refused for going over a limit, per stage.", "上限を超えたために拒否された呼び出しの回数 (ステージ別)。"}
)

// Graph is a graph's title and what it shows.
type Graph struct{ Title, About Text }

var graphs = map[string]Graph{
	"sli":            {graphSLI, aboutSLI},
	"age":            {graphAge, aboutAge},
	"measure":        {graphMeasure, aboutMeasure},
	"events":         {graphEvents, aboutEvents},
	"delay":          {graphDelay, aboutDelay},
	"stage_delay":    {graphStageDelay, aboutStageDelay},
	"flow":           {graphFlow, aboutFlow},
	"capacity":       {graphCapacity, aboutCapacity},
	"budget":         {graphBudget, aboutBudget},
	"budget_outlook": {graphOutlook, aboutOutlook},
	"prover":         {graphProver, aboutProver},
	"latency":        {graphLatency, aboutLatency},
	"burn":           {graphBurn, aboutBurn},
	"throttle":       {graphThrottle, aboutThrottle},
}

// OfGraph is the words of the graph of that name.
func OfGraph(name string) Graph { return graphs[name] }
