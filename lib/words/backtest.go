package words

// What backtest says of a stretch, and its table of settings.
var (
	BacktestOf      = Text{"%s from %s to %s %s, as the check would have said", "%s: %s から %s (%s) まで、チェックならどう判定したか"}
	BacktestFrom    = Text{"of runs recorded in %s", "%s に記録された実行から"}
	BacktestState   = Text{"of what the state holds", "状態ファイルの履歴から"}
	BacktestSources = Text{"of what the sources say now", "現在のデータソースから"}
	BacktestPoints  = Text{"of the points that Mackerel holds of %s, by the rules of now", "Mackerel にある%sの投稿値から (現在のルールで数えたものとして扱います)"}
	PointsOfHost    = Text{"host %s", "ホスト %s "}
	PointsOfService = Text{"service %s", "サービス %s "}
	BacktestUntold  = Text{"no states are posted: FROZEN, LOSING and records that retention threatens aren't told, the age alone speaks of them", "状態は投稿されないため、FROZEN、LOSING、保持期間切れの危険は判定できません。これらは age だけで判定しています"}
	BacktestMinutes = Text{"minutes: %s", "判定ごとの時間 (分): %s"}
	BacktestPages   = Text{"pages (CRITICAL in %d checks in a row): %d, %s a week", "通知 (CRITICAL が %d 回続いたとき): %d 回、1 週間あたり %s 回"}
	BacktestLeft    = Text{"left of the budgets at the end: %s", "期間の終わりでのエラーバジェットの残り: %s"}
	BacktestLeftOf  = Text{"%s %s%% (%s measured)", "%s %s %% (計測 %s)"}
	BacktestSpan    = Text{"%s to %s %s%s: %s", "%s～%s %s%s: %s"}
	BacktestRule    = Text{" by %s", " (ルール %s)"}
	NothingJudged   = Text{"the file has the check judge nothing; try --set check.sli=%s --set check.critical_ratio=90", "設定ファイルではチェックの判定対象がありません。--set check.sli=%s --set check.critical_ratio=90 を試してください"}
	AllCalm         = Text{"nothing but OK", "ずっと OK です"}

	ColumnPages    = Text{"pages", "通知"}
	ColumnMonth    = Text{"a month", "1 か月あたり"}
	ColumnLeft     = Text{"left %s", "残り %s"}
	CellMinutes    = Text{"%d min", "%d 分"}
	CellLost       = Text{"not found", "見つからず"}
	CellFound      = Text{"%s after %s", "%[2]s で %[1]s"}
	CellPaged      = Text{"%s after %s, page after %s", "%[2]s で %[1]s、%[3]s で通知"}
	TableIsOf      = Text{"pages, minutes and budgets are those without the drills; a drill that begins while the check is CRITICAL anyway is not found", "通知、時間、エラーバジェットは障害を加えないときの値です。もともと CRITICAL の間に始まる障害は「見つからず」になります"}
	TableSources   = Text{"the settings are judged by what the sources say now", "各設定の行は、現在のデータソースから判定しています"}
	TableEvents    = Text{"the settings are judged by the recorded events, which count from when they happened; the lines above are what the recorded runs said", "各設定の行は、記録されたイベントを発生時刻に届いたものとして判定しています。上の判定は、記録された実行そのものです"}
	PagesProveLess = Text{"%s without a page are too short to tell: a setting may page up to %s times a month all the same (95%%)", "%s の間に通知がなくても、1 か月に最大 %s 回は通知が出ている可能性があります (95 %%)。期間が短いためです"}
	SoonestOf      = Text{"soonest to page of all drills, with under one page a month: %s (after %s at the latest)", "通知が 1 か月に 1 回未満の設定のうち、障害をすべて最も早く通知するもの: %s (遅くとも %s 後)"}
	SoonestNone    = Text{"no setting pages of all drills with under one page a month", "通知が 1 か月に 1 回未満で、障害をすべて通知する設定はありません"}
)

// What recordings say, and what isn't in them.
var (
	NoRunRecorded = Text{"no run is recorded", "実行の記録がありません"}
	NoRunOf       = Text{"no run is recorded of %d minutes: %s", "%d 分間の実行の記録がありません: %s"}
	AndMore       = Text{"%s and %d more", "%s、ほか %d か所"}
	NothingBefore = Text{"stage %s: nothing is known of before %s", "ステージ %s: %s より前の記録がありません"}
	NothingAfter  = Text{"stage %s: nothing is known of after %s", "ステージ %s: %s より後の記録がありません"}
	NothingIn     = Text{"stage %s: nothing is recorded of %d minutes: %s", "ステージ %s: %d 分間の記録がありません: %s"}
	PostedNothing = Text{"nothing was posted of %s", "%s の投稿値がありません"}
	PostedGaps    = Text{"nothing was posted of %s in %d minutes: %s", "%s の投稿値が %d 分間ありません: %s"}
	AnotherRule   = Text{"stage %s was recorded by other conditions than the file has now; what they let through is judged", "ステージ %s を記録したときの条件は、いまの設定ファイルと違います。記録したときに条件に合ったものだけで判定します"}
	Recorded      = Text{"recorded in %s: sources %d, answers %d, events %d, %d kB", "%s に記録しました: データソース %d、応答 %d、イベント %d、%d kB"}
	RecordedRaw   = Text{"it holds %d kB of lines and answers as they were read, and whatever personal data stands in them: see replay %s raw", "読んだままの行と応答が %d kB 含まれ、個人情報も残っている可能性があります。replay %s raw で確かめてください"}
	ReplayMore    = Text{"== %s: there was more, which isn't kept", "== %s: 続きは記録されていません"}
)

// What test says of cases.
var (
	CaseIsWell    = Text{"ok      %s", "ok      %s"}
	CaseFails     = Text{"FAILED  %s (%s)", "FAILED  %s (%s)"}
	CaseDiffers   = Text{"%s: expected %s, is %s", "%s: 期待した値は %s、実際は %s"}
	CaseSays      = Text{"it says %s", "チェックの判定: %s"}
	CaseNone      = Text{"none", "なし"}
	CaseRatio     = Text{"%s (%s of %s)", "%[1]s (%[3]s 件中 %[2]s 件)"}
	CaseLacksSLI  = Text{"not configured", "設定されていません"}
	CasesFailed   = Text{"%d of %d cases failed", "%[2]d 件中 %[1]d 件が期待と違います"}
	TheCaseIsWell = Text{"the case is as expected", "テストケースは期待どおりです"}
	CasesAreWell  = Text{"all %d cases are as expected", "%d 件のテストケースはすべて期待どおりです"}
)
