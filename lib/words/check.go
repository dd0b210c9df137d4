package words

// What the check says of a pipeline, behind its name. Statuses, states and the names of
// SLIs and stages are the same in every language.
var (
	Fresh       = Text{"fresh", "正常"}
	FreshByAges = Text{"fresh as far as ages show", "age でわかる範囲では正常"}
	ExcludedFor = Text{"excluded (%s)", "除外中 (%s)"}
	Internal    = Text{"internal error: %v", "内部エラー: %v"}
	Apart       = Text{"; ", " / "} // between pipelines

	NothingToJudge  = Text{"%snothing to judge; %s%s%s", "%s判定に使える条件がありません。%s%s%s"}
	NeedsRules      = Text{"name --sli with --warning-ratio, --critical-ratio or --burn-rate", "--sli に加えて、--warning-ratio、--critical-ratio、--burn-rate のいずれかを指定してください"}
	NeedsOrLimit    = Text{", or a limit with -w", "。age の上限を -w で指定しても判定できます"}
	NeedsSLI        = Text{"name one of %s with --sli", "--sli に %s のいずれかを指定してください"}
	NoAges          = Text{"no stage tells ages, and -w and -c need freshness; ", "-w と -c には freshness が必要ですが、age のわかるステージがありません。"}
	NoDefaultSLI    = Text{"freshness, the default of --sli, is not configured; ", "--sli の既定値である freshness が設定されていません。"}
	FirstFailure    = Text{"stage %s: %s; ", "ステージ %s: %s。"}
	OfStage         = Text{"stage %s: %s", "ステージ %s: %s"}
	NotMeasuredFor  = Text{"not measured: %s", "計測できず: %s"}
	SLINotMeasured  = Text{"%s not measured: %s", "%s を計測できず: %s"}
	AgeNotMeasured  = Text{"age not measured", "age を計測できず"}
	AgeUnmeasured   = Text{"age not measured: %s", "age を計測できず: %s"}
	NoWholeMinute   = Text{"no whole minute has an answer from every source yet", "すべてのデータソースの応答がそろった 1 分間が、まだありません"}
	NewestTooOld    = Text{"the newest complete minute ended %s ago, limit %s", "確定済みのデータが %s 前までしかなく、上限 %s を超えています"}
	BurnNotMeasured = Text{"burn rate not measured: the history doesn't fill the windows of any rule yet", "バーンレートを計測できず: 履歴がまだ足りず、どのルールのウィンドウも埋まっていません"}

	AtLeast      = Text{"at least %s", "%s 以上"}
	AtMostShare  = Text{"at most %s%%", "高くても %s %%"}
	Share        = Text{"%s%%", "%s %%"}
	Further      = Text{"; %s", "。%s"} // a second sentence
	LastUpdate   = Text{"last update is %s%s%s%s", "最後の更新からの経過時間が %s%s%s%s"}
	Oldest       = Text{"oldest record not yet visible is %s%s%s%s", "まだ見えていない最も古いレコードの待ち時間が %s%s%s%s"}
	OldOverLimit = Text{"%s old, limit %s", "%s、上限 %s"}
	OldAgain     = Text{"%s old, within the limit of %s again; the breach ends below %s, or after two minutes in a row within it", "%s で、上限 %s 以内に戻りました。%s を下回るか、2 分続けて上限以内なら解消します"}
	AgeOfData    = Text{"age not measured: the data are %s old, with %s", "age を計測できず: データの古さは %s (%s)"}
	ExactBasis   = Text{" (%s)", " (%s)"} // beside an age
	GuessBasis   = Text{" (estimate, by %s)", " (推定、根拠: %s)"}
	MayBeLost    = Text{"records may be lost: the oldest is %s old of %s retention%s", "レコード消失のおそれ: 最も古いレコードの待ち時間が %s、保持期間 %s%s"}
	WillBeLost   = Text{"%s: records will be lost in about %s, when they reach the retention of %s%s", "%s: このままでは約 %s 後に保持期間 %s に達し、レコードが失われます%s"}

	StateFor       = Text{"%s: %s%s%s", "%s: %s%s%s"}
	OldestIs       = Text{"; oldest is %s", "。最も古いレコードの待ち時間は %s"}
	OldestLimit    = Text{"; oldest is %s, limit %s", "。最も古いレコードの待ち時間は %s、上限 %s"}
	NoneProcessed  = Text{"%s accepted since %s, none processed", "%[2]s 以降に受け付けた%[1]sがまったく処理されていません"}
	NoneSinceLeast = Text{"at least %s accepted since before %s, none processed", "%[2]s より前から受け付けている%[1]s以上がまったく処理されていません"}
	StuckByClock   = Text{"the oldest record has aged by the clock for %d minutes while others come out", "ほかのレコードは処理されているのに、最も古いレコードだけが %d 分間止まっています"}
	MoreArrive     = Text{"more records arrive than come out, and %s wait", "処理が到着に追いつかず、%s 件が滞留しています"}
	LongerAndOn    = Text{"records wait longer and longer", "レコードの待ち時間が延び続けています"}

	BelowLimit    = Text{"%s %s is below %s%%: %s%s", "%s が %s で、下限 %s %% を下回っています: %s%s"}
	BadOfValid    = Text{"%s of %s bad in %s", "直近 %[3]s の%[2]s中 bad %[1]s"}
	BadOfGuess    = Text{"%s bad in %s (estimate, n=%s%s)", "直近 %[2]s の%[1]sが bad (推定、n=%[3]s%[4]s)"}
	NothingProven = Text{", nothing proven agrees", "、確実な裏付けなし"}
	BurnsTooFast  = Text{"%s burns its error budget %s times too fast over %s (%s of %s bad) and %s times over %s, limit %s%s%s", "%[1]s のバーンレートが直近 %[3]s で %[2]s、直近 %[7]s で %[6]s と、ともに上限 %[8]s を超えています: 直近 %[3]s の%[5]s中 bad %[4]s%[9]s%[10]s"}
	TooFewToPage  = Text{"; too few to page: a page needs %d bad", "。bad が %d 件未満のため CRITICAL にはしません"}

	RunSince      = Text{"started %s, running %s", "%s に開始し、%s 実行中"}
	RunSinceUsual = Text{"started %s, running %s (usually %s)", "%s に開始し、%s 実行中 (通常 %s)"}
	NoTask        = Text{"%s has no task running", "%s で実行中のタスクがありません"}
	NotInvoked    = Text{"%s was not invoked", "%s が呼び出されていません"}
	OnlyThrottled = Text{"%s was not invoked (throttled %s/min)", "%s が呼び出されていません (スロットリング %s 回/分)"}
	ShardFails    = Text{"%s is failing on one shard (%s of %s invocations a minute): a poison record?", "%[1]s が 1 つのシャードで失敗しています (毎分の呼び出し %[3]s 回中 %[2]s 回)。処理できないレコードが原因かもしれません"}
	Failing       = Text{"%s is failing (%s of %s invocations a minute)", "%[1]s が失敗しています (毎分の呼び出し %[3]s 回中 %[2]s 回)"}
	Throttled     = Text{"%s is throttled %s/min", "%s がスロットリングされています (%s 回/分)"}
	ClockSkew     = Text{"clock skew: %s of stage %s at %s lie in the future%s", "時計のずれ: ステージ %[2]s (%[3]s) の%[1]sが未来の時刻です%[4]s"}
	SkewedBy      = Text{", by up to %s", " (最大 %s 先)"}
	SkewedShare   = Text{"%.0f%% of the rows", "行の %.0f %% "}
	SkewedOf      = Text{"%s of %s", "%[2]s中 %[1]s 件"}
	ClockOfHost   = Text{"clock skew: this host's clock is %s off that of stage %s, limit %s", "時計のずれ: このホストの時計がステージ %[2]s の時計と %[1]s ずれています (上限 %[3]s)"}
)

// What is counted: one of it, and more.
var (
	oneRequest   = Text{"%s request", "リクエスト %s 件"}
	oneRecord    = Text{"%s record", "レコード %s 件"}
	oneProbe     = Text{"%s probe", "正解データ %s 件"}
	oneTrace     = Text{"%s trace", "トレース %s 件"}
	oneSecond    = Text{"%s second", " %s 秒"}
	oneRead      = Text{"%s read", "読み取り %s 回"}
	oneRun       = Text{"%s run", "実行 %s 回"}
	oneLine      = Text{"%s line", " %s 行"}
	manyRequests = Text{"%s requests", "リクエスト %s 件"}
	manyRecords  = Text{"%s records", "レコード %s 件"}
	manyProbes   = Text{"%s probes", "正解データ %s 件"}
	manyTraces   = Text{"%s traces", "トレース %s 件"}
	manySeconds  = Text{"%s seconds", " %s 秒"}
	manyReads    = Text{"%s reads", "読み取り %s 回"}
	manyRuns     = Text{"%s runs", "実行 %s 回"}
	manyLines    = Text{"%s lines", " %s 行"}
)

var many = map[string]struct{ one, more Text }{
	"requests": {oneRequest, manyRequests},
	"records":  {oneRecord, manyRecords},
	"probes":   {oneProbe, manyProbes},
	"traces":   {oneTrace, manyTraces},
	"seconds":  {oneSecond, manySeconds},
	"reads":    {oneRead, manyReads},
	"runs":     {oneRun, manyRuns},
	"lines":    {oneLine, manyLines},
}

// Many is a number of what a rule counts: its population.
func Many(n, population string) Message {
	if t, ok := many[population]; ok && n == "1" {
		return t.one.With(n)
	}
	return Several(n, population)
}

// Several is Many where the number stands behind another one, for the plural: 1 of 1 records.
func Several(n, population string) Message {
	if t, ok := many[population]; ok {
		return t.more.With(n)
	}
	return Name(n + " " + population)
}

// Records are so many of them.
func Records(n string) Message { return Many(n, "records") }
