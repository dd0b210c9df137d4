package words

import "strings"

// What explain shows, a line or a part of one each.
var (
	ExplainAt     = Text{"%s at %s", "%s  %s 時点"}
	WouldSay      = Text{"check would say %s: %s", "チェックの判定 %s: %s"}
	AnsweredUpTo  = Text{"every source has answered up to %s, %s ago", "すべてのデータソースの応答は %s まで取得済み (%s 前)"}
	AnsweredAll   = Text{"every source has answered up to this instant", "すべてのデータソースの応答がこの時点までそろっています"}
	NoMinuteYet   = Text{"no minute counts yet for every source", "すべてのデータソースの応答がそろった 1 分間はまだありません"}
	Warning       = Text{"warning: %s", "警告: %s"}
	StateIs       = Text{"state %s: %s", "状態 %s: %s"}
	UpdatedAt     = Text{"age %s at %s: how old the data are (%s)", "age %s (%s 時点): データの古さ (%s)"}
	AgeAt         = Text{"age %s at %s: how long the oldest accepted, not yet visible record had waited (%s)", "age %s (%s 時点): 受け付け済みでまだ見えていないレコードのうち、最も古いものの待ち時間 (%s)"}
	ExactBy       = Text{"exact, by %s", "正確、根拠: %s"}
	GuessBy       = Text{"estimate, by %s", "推定、根拠: %s"}
	RunGoesOn     = Text{"a run of the batch job %s", "バッチジョブ: %s"}
	DelayOf       = Text{"delay of the %s that came out in the window, from accepted to visible: p50 %s, p90 %s, p99 %s, max %s", "遅延 (受け付けてから見えるようになるまで、ウィンドウ内に処理された%s): p50 %s、p90 %s、p99 %s、最大 %s"}
	MeanDelay     = Text{"mean delay about %s = front %s + queue %s + work %s + store %s (an estimate; only means add up)", "平均遅延 約 %s = front %s + queue %s + work %s + store %s (推定値。足し合わせられるのは平均だけです)"}
	FlowIn        = Text{"flow in %s: %s accepted, %s done%s%s%s%s%s%s", "%s のフロー: 受け付け %s、処理 %s%s%s%s%s%s%s"}
	Filtered      = Text{", %s filtered", "、フィルターで除外 %s"}
	Dropped       = Text{", %s dropped", "、破棄 %s"}
	DeadLettered  = Text{", %s dead-lettered", "、デッドレターキュー行き %s"}
	Duplicated    = Text{", %s twice", "、重複 %s"}
	UnknownOrigin = Text{", %s not known to have been accepted", "、受け付けた記録のないもの %s"}
	BacklogBy     = Text{"; backlog %s: accepted by %s and not out by then", "、滞留 %s (%s までに受け付けて未処理)"}
	Unexplained   = Text{"unexplained %s: neither out nor on their way%s", "行き先不明 %s: 受け付けたが、処理済みでも滞留中でもない件数%s"}
	Between       = Text{", which is known to lie between %s and %s: ages tell about how many were on their way at both ends of the window", " (実際は %s～%s。ウィンドウの始めと終わりの滞留を age から推定しているため)"}
	OverdueBefore = Text{"%s overdue before %s", "期限超過: %[2]s より前に受け付けた%[1]s"}
	OverdueOne    = Text{"%s of %s is overdue: accepted, overtaken and not out yet", "期限超過: %[2]s に受け付けた%[1]s。後続のレコードに追い越されたまま、処理されていません"}
	OverdueMany   = Text{"%s of %s are overdue: accepted, overtaken and not out yet", "期限超過: %[2]s に受け付けた%[1]s。後続のレコードに追い越されたまま、処理されていません"}
	oneMinute     = Text{"1 minute", "1 分"}
	someMinutes   = Text{"%s minutes", "%s 分"}

	Equals          = Text{"= %s", "= %s"}
	EqualsIn        = Text{"= %s in %s", "= %s (%s)"}
	WindowMeasured  = Text{"%.0f%% of the window's minutes measured%s%s", "計測できた時間: ウィンドウの %.0f %%%s%s"}
	MinutesExcluded = Text{"; %s excluded", "、除外 %s"}
	Uncertain       = Text{"; %s uncertain, in neither count", "、判定できず %s 件 (good にも valid にも含めません)"}
	FromBy          = Text{"from %s by %s: %s, %s; a minute settles %s after its end", "計測元 %s、方法 %s: %s、スコープ %s。各 1 分間の終了から %s 後に確定"}
	JudgedInSilence = Text{"where nothing comes out, the records of a minute are judged %s after its end, and not once more when they do", "1 件も処理されない間のレコードは、受け付けた 1 分間の終了から %s 後に判定します。後から処理されても判定し直しません"}
	MissingTarget   = Text{"%s: %s (target %s)", "%s: %s (目標値 %s)"}
	NoTrafficIn     = Text{"no traffic in %s", "トラフィックなし (%s)"}
	ExcludedIn      = Text{"excluded in %s", "除外 (%s)"}
	ValueTarget     = Text{"%s (target %s)", "%s (目標値 %s)"}
	ProvenAtMost    = Text{"at most %s, proven by counts", "高くても %s (件数から確実に言えます)"}
	ProvenAtLeast   = Text{"at least %s on condition that: %s", "少なくとも %s (次の条件のもとで: %s)"}
	AnotherMethod   = Text{"another method, %s: %s; %s, from %s, settles after %s", "別の方法 %s: %s。%s、計測元 %s、%s 後に確定"}
	ValueOfOther    = Text{"%s = %s %s in %s", "%s = %s (%s、%s)"}
	BudgetLeft      = Text{"error budget left %s; %s of %s measured so far%s%s", "エラーバジェット残量 %[1]s。期間 %[3]s のうち %[2]s を計測済み%[4]s%[5]s"}
	AgesPlot        = Text{"age, last %d min: %s at most %s", "直近 %d 分間の age: %s 最大 %s"}
	Projection      = Text{", a projection until a whole day is measured", " (計測が 1 日分に満たないため参考値)"}
	BurnRates       = Text{"; burn rate %s (1 spends the budget in %s)", "。バーンレート %s。1 なら %s でちょうど使い切る速さです"}
	BurnRateOver    = Text{"%s over %s", "%[1]s (直近 %[2]s)"}
	CountsSince     = Text{"this rule counts since %s", "このルールでの計測開始: %s"}
	NotPosted       = Text{"the metric events lacks %s of %s: when they could be posted they were more than %d minutes old; export --from %s --to %s prints them", "メトリック events には、%[2]s間の%[1]sが含まれていません。投稿できるようになったときには %[3]d 分より古くなっていたためです。export --from %[4]s --to %[5]s で取り出せます"}
	CountsFrom      = Text{"this rule will count from %s", "このルールでの計測開始予定: %s"}

	StageReads     = Text{"stage %s  %s  %s", "ステージ %s  %s  %s"}
	SourceFailed   = Text{"failed:", "失敗:"}
	LinesOf        = Text{"%s%s = %s parsed + %s malformed + %s blank%s%s%s", "%s%s = 解釈 %s + 解釈不能 %s + 空行 %s%s%s%s"}
	InWindow       = Text{"in %s: ", "%s:"}
	LateLines      = Text{"; %s late", "、確定後に到着 %s"}
	FutureLines    = Text{"; %s stamped in the future, not counted", "、時刻が未来のため対象外 %s"}
	MatchedLines   = Text{"; %s matched", "、条件に一致 %s"}
	FormatIs       = Text{"format %s", "形式 %s"}
	FirstMalformed = Text{"first malformed line: %s", "解釈できない最初の行: %s"}
	RaiseSettle    = Text{"over 1%% of the lines came after their minute had settled; raise settle: above %s", "行の 1 %% 超が、該当する 1 分間の確定後に届いています。settle: を %s より長くしてください"}
	InputsAre      = Text{"inputs: %s", "推定に使った値: %s"}
	InputFrom      = Text{"%s %s (%s)", "%s %s (%s)"}
	OtherStatus    = Text{"other %s", "その他 %s"}
	LatencyOf      = Text{"latency of %s: min %s, p50 %s, p90 %s, p99 %s, max %s", "%s 件のレイテンシ: 最小 %s、p50 %s、p90 %s、p99 %s、最大 %s"}
	MethodsAre     = Text{"methods: %s", "HTTP メソッド: %s"}
	InvocationsOf  = Text{"%s invocations: %s cold starts, %s timeouts, %s killed", "呼び出し %s 回: コールドスタート %s、タイムアウト %s、強制終了 %s"}
	DurationOf     = Text{"duration: min %s, p50 %s, p90 %s, p99 %s, max %s", "実行時間: 最小 %s、p50 %s、p90 %s、p99 %s、最大 %s"}
	MetricOf       = Text{"metric %s %s: %s values, sum %s, min %s, max %s %s", "メトリック %s %s: 値 %s 個、合計 %s、最小 %s、最大 %s %s"}
	SettledAfter   = Text{"settled %s after a minute's end: %s", "各 1 分間の終了から %s 後に確定: %s"}
	LateLookedFor  = Text{"events that came late were looked for from %s on; what comes later is lost", "遅れて届くイベントは、%s 以降のものまでさかのぼって確認済みです。これより遅れて届いたものは数えられません"}

	Injected     = Text{"%s records injected%s%s", "正解データ %s 件を投入%s%s"}
	InjectedAs   = Text{": %s", ": %s"}
	NotTaken     = Text{"; %s not taken by the front, which availability counts", "。フロントが受け付けなかった %s 件は availability で数えます"}
	WouldRuleOut = Text{"no failure in %s would rule out losses above %s%%, with 95%% confidence", "%s 件で失敗が 1 件もなければ、消失は %s %% 以下だと 95 %% の信頼度で言えます"}
	MarkerOf     = Text{"records carry the marker %s; logs that show it leave them out of other SLIs, counts of CloudWatch hold them", "投入するレコードには目印 %s が付きます。目印が残るログでは、ほかの SLI から除外します。CloudWatch の件数からは除外できません"}

	comma = Text{", ", "、"}
)

// Minutes are so many minutes.
func Minutes(n string) Message {
	if n == "1" {
		return oneMinute.With()
	}
	return someMinutes.With(n)
}

// List is the language's comma between parts.
func (l Language) List(parts []string) string { return strings.Join(parts, l.Say(comma)) }
