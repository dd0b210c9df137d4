package words

// The report: a page for people who have never seen the programs.
var (
	ReportTitle   = Text{"Service levels of %s", "%s のサービスレベル"}
	ReportAll     = Text{"all pipelines", "全パイプライン"}
	ReportSpan    = Text{"%s to %s (%s)", "%s から %s まで (%s)"}
	ReportMade    = Text{"Made %s by %s", "%s に %s で作成"}
	ReportRead    = Text{"How to read this", "このページの読み方"}
	ReportLegend  = Text{"What a minute can be", "1 分ごとの結果の種類"}
	ReportReadA   = Text{"Every SLI is the share of good events among valid ones. Counts are added, ratios never: the value of a day is all its good events by all its valid ones.", "SLI は valid なイベントのうち good だったものの割合です。比率どうしを平均することはありません。1 日の値は、その日の good の合計を valid の合計で割ったものです。"}
	ReportReadB   = Text{"A minute has a value, or there was no traffic to judge, or it was not measured, or it was excluded on request. These are never mixed: a gap is not 0 %% and not 100 %%.", "1 分ごとの結果は「値あり」「トラフィックなし」「計測できず」「除外」(設定によるもの) のいずれかです。この 4 つは厳密に区別します。線が途切れている部分は、0 %% でも 100 %% でもありません。"}
	ReportReadC   = Text{"Where the page shows more minutes than fit, each point stands for several: the band reaches from the worst minute to the best one, the line is the ratio of the sums. A single bad minute stays visible.", "期間が長いときは、1 つの点が数分間以上をまとめて表します。帯は最も悪い 1 分間から最も良い 1 分間までの幅、線は件数の合計から求めた比率です。1 分間だけの悪化も帯に現れます。"}
	ReportReadD   = Text{"The error budget is what the target allows to be bad. The solid line looks back over the whole period from each instant, also to before this page begins; the dashed one begins with all of what the target allows over this page's time, and only falls. Minutes that aren't measured are taken for without errors in both.", "エラーバジェットは、目標値のもとで許される bad の量です。実線は、各時点から期間の長さだけさかのぼって計算した残量で、このページより前の時間も含みます。破線は、このページの期間に許される量を 100 %% として始まり、減る一方です。どちらも、計測できなかった時間にはエラーがなかったものとして計算します。"}
	StateValue    = Text{"value", "値あり"}
	StateNone     = Text{"no traffic", "トラフィックなし"}
	StateMissing  = Text{"not measured", "計測できず"}
	StateExcluded = Text{"excluded", "除外"}

	ReportObjectives = Text{"Objectives", "目標と結果"}
	ColumnSLI        = Text{"SLI", "SLI"}
	ColumnQuestion   = Text{"Question", "何を見るか"}
	ColumnResult     = Text{"Result", "結果"}
	ColumnTarget     = Text{"Target", "目標値"}
	ColumnBad        = Text{"Bad of valid", "bad / valid"}
	ColumnRolling    = Text{"Budget left (period)", "バジェット残量 (期間)"}
	ColumnSpent      = Text{"Budget left (this page)", "バジェット残量 (このページ)"}
	ColumnMinutes    = Text{"Minutes: value · no traffic · not measured · excluded", "時間 (分): 値あり・トラフィックなし・計測できず・除外"}
	ColumnInterval   = Text{"The ratio lies in", "比率の取りうる範囲"}
	ReportSpending   = Text{"What spent the budget", "エラーバジェットを消費したもの"}
	ReportReasons    = Text{"Why minutes have no value", "値のない時間とその理由"}
	ColumnTo         = Text{"To", "終了"}
	ColumnUpTo       = Text{"Up to", "時刻"}
	ColumnBadEvents  = Text{"Bad", "bad"}
	ColumnShare      = Text{"Share of all bad", "bad 全体に占める割合"}
	ColumnClass      = Text{"What was wrong", "内容"}
	ColumnDetails    = Text{"Of what", "内訳"}
	ColumnOutcome    = Text{"Outcome", "結果の種類"}
	ColumnCount      = Text{"Minutes", "時間 (分)"}
	ColumnReason     = Text{"Reason", "理由"}
	StateFilled      = Text{"measured elsewhere", "別の場所で計測"}
	Others           = Text{"%d others", "その他 %d 件"}
	NotMet           = Text{"not met", "未達"}
	Met              = Text{"met", "達成"}

	RatioChart      = Text{"%s: share of good %s", "%s: good の割合 (%s)"}
	RatioNever      = Text{"Never below the target of %s %%.", "目標値 %s %% を下回った時間帯はありません。"}
	RatioBelow      = Text{"Stretches below the target of %s %%: %d of %d; worst minute %s %% in the stretch from %s.", "目標値 %s %% を下回った区間: %d / %d。最も悪い 1 分間は %s %% (%s からの区間)。"}
	RatioNone       = Text{"Nothing was measured here.", "この範囲に計測値はありません。"}
	TrafficChart    = Text{"%s: valid events a minute", "%s: 1 分あたりの valid の件数"}
	TrafficSentence = Text{"%s valid events in all, %s a minute in the busiest stretch.", "valid の合計は %s 件、最も多い区間の平均は 1 分あたり %s 件。"}
	BudgetChart     = Text{"%s: what share of the error budget is left?", "%s: エラーバジェットはどれだけ残っているか"}
	BudgetSentence  = Text{"Solid: of the %s up to each instant, %s at the end. Dashed: of this page's time alone, %s at the end.", "実線: 各時点までの直近 %s の残量 (最後は %s)。破線: このページの期間だけで見た残量 (最後は %s)。"}
	AgeChart        = Text{"Age: how long had the oldest accepted, not yet visible record waited?", "age: 受け付けたのにまだ見えていない最も古いレコードは、どれだけ待っていたか"}
	AgeSentence     = Text{"At most %s, in the stretch from %s.", "最大 %s (%s からの区間)。"}
	AgeNone         = Text{"No age was measured here.", "この範囲に age の計測値はありません。"}
	HeatChart       = Text{"At what hours was what users see old? The worst age of each hour", "どの時間帯にデータが古かったか (1 時間ごとの age の最大値)"}
	HeatSentence    = Text{"A column a day, a row an hour of that day (%s). At most %s, on %s.", "列は日付、行はその日の時間帯 (%s)。最大 %s (%s)。"}
	HeatUpTo        = Text{"up to %s", "%s 以下"}
	HeatOver        = Text{"over %s", "%s 超"}
	ColumnDay       = Text{"Day", "日付"}
	ColumnHour      = Text{"Hour", "時間帯"}
	TargetLine      = Text{"target %s %%", "目標値 %s %%"}
	Zoom            = Text{"Zoom", "拡大"}
	ZoomHow         = Text{"Drag over a stretch to enlarge it; double-click to see all of it again.", "範囲をドラッグすると拡大し、ダブルクリックで全体に戻ります。"}
	ReportColours   = Text{"What the colours say", "色の意味"}
	TableOf         = Text{"The same as a table", "同じ内容の表"}
	ColumnFrom      = Text{"From", "開始"}
	ColumnWorst     = Text{"Worst minute", "最も悪い 1 分間"}
	ColumnValid     = Text{"Valid", "valid"}
	ColumnGood      = Text{"Good", "good"}
	ColumnAge       = Text{"Oldest", "最大の age"}

	VerdictChart    = Text{"What did the check say?", "チェックは何を報告したか"}
	VerdictSentence = Text{"Stretches of one status and rule: %d; the worst was %s.", "ステータスとルールが同じ区間は %d 個。最も悪いステータスは %s です。"}
	ReportTimeline  = Text{"Timeline", "経過"}
	ColumnStatus    = Text{"Status", "ステータス"}
	ColumnRule      = Text{"Rule", "ルール"}
	ColumnText      = Text{"Message at first", "最初のメッセージ"}

	NowTitle       = Text{"At %s, when this page was made", "作成時点 (%s) の状態"}
	NowSLIs        = Text{"SLIs over their windows", "ウィンドウごとの SLI"}
	ColumnWindow   = Text{"Window", "ウィンドウ"}
	ColumnOfValid  = Text{"Good of valid", "good / valid"}
	ColumnMeasured = Text{"Measured", "計測できた割合"}
	ColumnBurns    = Text{"Burn rates", "バーンレート"}
	NowFlow        = Text{"What became of the records, %s", "レコードの行き先 (%s)"}
	ColumnFate     = Text{"What became of them", "行き先"}
	ColumnRecords  = Text{"Records", "件数"}
	FlowAccepted   = Text{"accepted", "受け付け"}
	FlowDone       = Text{"done", "処理済み"}
	FlowFiltered   = Text{"filtered on purpose", "意図的に除外 (フィルター)"}
	FlowDropped    = Text{"dropped", "破棄"}
	FlowDead       = Text{"dead-lettered", "デッドレターキュー行き"}
	FlowDuplicates = Text{"came out once more", "重複して出力"}
	FlowUnmatched  = Text{"came out, accepted by nobody that is known", "受け付けた記録のないものを出力"}
	FlowBacklog    = Text{"accepted and not out at the end", "受け付け済みで未処理 (終了時点)"}
	FlowMissing    = Text{"unexplained", "行き先不明"}
	NowDelay       = Text{"From accepted to visible", "受け付けてから見えるようになるまで"}
	ColumnPart     = Text{"Share", "割合"}
	ColumnDelay    = Text{"Delay", "遅延"}
	DelayHalf      = Text{"half of them within", "半数 (p50)"}
	DelayMost      = Text{"90 %% of them within", "90 %% (p90)"}
	DelayNearly    = Text{"99 %% of them within", "99 %% (p99)"}
	DelayAll       = Text{"all of them within", "全件 (最大)"}
	StageChart     = Text{"Mean delay of each stage", "ステージ別の平均遅延"}
	StageSentence  = Text{"%s in all; means add up, percentiles wouldn't.", "合計 %s。平均は足し合わせられますが、パーセンタイルは足せません。"}

	ReportMethods  = Text{"How each number was made", "数値の求め方"}
	ColumnMethod   = Text{"Method", "方法"}
	ColumnFormula  = Text{"Formula", "計算式"}
	ColumnQuality  = Text{"How sure", "確かさ"}
	ColumnSettle   = Text{"Settles after", "確定までの時間"}
	QualityExact   = Text{"exact", "正確 (全件)"}
	QualityGuess   = Text{"estimate", "推定"}
	ReportSources  = Text{"Sources", "データソース"}
	ColumnStage    = Text{"Stage", "ステージ"}
	ColumnKind     = Text{"Kind", "種類"}
	ColumnMean     = Text{"Mean delay", "平均遅延"}
	ColumnAnswered = Text{"Answered up to", "応答済みの時刻"}
	ColumnTrouble  = Text{"Trouble", "問題"}
	ReportOrigin   = Text{"Provenance", "作成の記録"}
	ReportConfig   = Text{"Configuration: %s", "設定ファイル: %s"}
	ZoneFrom       = Text{"%s, from %s on %s", "%s、%s からは %s"}
	ReportZone     = Text{"All times are in %s.", "時刻はすべて %s です。"}
)

// OfQuality is how sure a number is.
func OfQuality(exact bool) Text {
	if exact {
		return QualityExact
	}
	return QualityGuess
}
