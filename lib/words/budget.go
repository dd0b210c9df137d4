package words

// What budget says of an error budget.
var (
	Deploy          = Text{"deploy? %s%s", "デプロイ可否: %s%s"}
	CheckSays       = Text{": the check says %s: %s", ": チェックの報告は %s: %s"}
	DeployFor       = Text{": %s, %s: %s", ": %s、%s: %s"}
	GoAhead         = Text{"go ahead", "進めてよい"}
	CantBeTold      = Text{"can't be told", "判断できず"}
	WithCare        = Text{"with care", "慎重に"}
	BetterNot       = Text{"better not", "控えるべき"}
	NothingMeasured = Text{"nothing of the period is measured", "期間中に計測できた分なし"}
	BudgetSpent     = Text{"the budget is spent", "バジェットを使い切り"}
	BurnsOver       = Text{"it burns over %s times too fast over %s and %s", "直近 %[2]s と %[3]s のバーンレートが %[1]s を超過"}
	OnlyMeasured    = Text{"only %s of the period is measured", "期間のうち計測できたのは %s のみ"}
	SpentOn         = Text{"at the present rate the budget is spent on %s", "今の速さでは %s にバジェットを使い切る"}
	MayBeSpent      = Text{"minutes that aren't measured could have spent it", "計測できなかった分でバジェットを使い切っている可能性"}
	NothingAgainst  = Text{"nothing here speaks against it", "妨げる理由なし"}

	FromTo       = Text{"%s to %s", "%s～%s"}
	MonthFromTo  = Text{"%s, %s to %s", "%s、%s～%s"}
	BudgetOf     = Text{"%s, target %s, %s", "%s、目標値 %s、%s"}
	TargetWithin = Text{"%s within %s", "%s (%s 以内)"}
	HeadLeft     = Text{"left", "残量"}
	HeadDeploy   = Text{"deploy?", "デプロイ"}
	HeadBurn     = Text{"burn", "バーン"}
	HeadMeasured = Text{"measured", "計測"}
	HeadRatio    = Text{"ratio", "比率"}
	HeadSpent    = Text{"spent by", "消費"}
	ShareLeft    = Text{"%s of the budget%s", "バジェットの %s%s"}
	NoneToJudge  = Text{": there was nothing to judge", ": 判定するものなし"}
	BadTooMany   = Text{": %s bad %s more than the %s that the period allows", ": bad の%[2]sが期間の許容量 %[3]s を %[1]s 超過"}
	BadAllowed   = Text{": %s more bad %s of %s that the period allows, or %s of a full outage at the mean rate", ": bad の%[2]sをあと %[1]s まで許容 (期間の許容量 %[3]s)、平均的な流量での全面障害なら %[4]s 相当"}
	NoneAllowed  = Text{": no more bad %s, the period allows %s at the mean rate", ": bad の%sの余地なし (平均的な流量での期間の許容量 %s)"}
	BurnsOf      = Text{"%s (1 is the allowed rate)%s", "%s (1 が許容される速さ)%s"}
	// ProjectedPeriod is said of what is left while hardly anything is measured.
	ProjectedPeriod = Text{"; a projection, since less than a day is measured", " (計測が 1 日分に満たないため参考値)"}
	BurnSoFar       = Text{"%s; no window of an hour or longer is filled yet", "%s。1 時間以上のウィンドウはまだ計測できず"}
	NotYet          = Text{"not measured yet", "まだ計測できず"}
	NoneAtPresent   = Text{"; none is spent at present", "。現在の消費なし"}
	PeriodIsOver    = Text{"; that is now, the period is over", "。現在の値で、期間は終了"}
	GoesOn          = Text{"; at the rate of the last %s it goes on", "。直近 %s の速さで消費が続いています"}
	IsSpentOn       = Text{"; at the rate of the last %s it is spent on %s", "。直近 %s の速さでは %s に使い切り"}
	Lasts           = Text{"; at the rate of the last %s it lasts to the period's end", "。直近 %s の速さなら期間の終わりまで残る"}
	IsntFalling     = Text{"; at the rate of the last %s it isn't falling", "。直近 %s の速さでは減らない"}
	MinutesOf       = Text{"%s of %s minutes: %s with %s, %s without, %s not measured%s%s", "%[2]s 分の %[1]s: %[4]sあり %[3]s、なし %[5]s、計測できず %[6]s%[7]s%[8]s"}
	ToCome          = Text{"; %s to come", "、これから %s"}
	MinutesFor      = Text{"%s %s: %s", "%[2]s %[1]s 分: %[3]s"}
	FurtherWhys     = Text{"%s %s: %d further reasons", "%[2]s %[1]s 分: ほか %[3]d 種類の理由"}
	GoodOfValid     = Text{"%s (%s of %s good)%s", "%[1]s (%[3]s 件中 good %[2]s)%[4]s"}
	MayLieIn        = Text{"; %s to %s, by what the minutes that aren't measured may have held", "。計測できなかった分を含めて取りうる範囲は %s～%s"}
	BadIn           = Text{"%s bad (%s) %s%s", "bad %s (%s) %s%s"}
	BadInFurther    = Text{"%s bad (%s) in %s further stretches: %s", "bad %s (%s) ほか %s 区間: %s"}
	ClassAt         = Text{"%s, %s at %s", "%[1]s、%[3]s で %[2]s"}
	PlainAt         = Text{"%s, at %s", "%s、%s"}
)
