package words

// What budget says of an error budget.
var (
	Deploy          = Text{"deploy? %s%s", "デプロイ可否: %s%s"}
	CheckSays       = Text{": the check says %s: %s", "。チェックの判定 %s: %s"}
	DeployFor       = Text{": %s, %s: %s", " (%s、%s): %s"}
	GoAhead         = Text{"go ahead", "進めてよい"}
	CantBeTold      = Text{"can't be told", "判断できず"}
	WithCare        = Text{"with care", "慎重に"}
	BetterNot       = Text{"better not", "控えるべき"}
	NothingMeasured = Text{"nothing of the period is measured", "期間中に計測できた時間がありません"}
	BudgetSpent     = Text{"the budget is spent", "エラーバジェットを使い切りました"}
	BurnsOver       = Text{"it burns over %s times too fast over %s and %s", "バーンレートが直近 %[2]s と直近 %[3]s の両方で %[1]s を超えています"}
	OnlyMeasured    = Text{"only %s of the period is measured", "計測できたのは期間の %s だけです"}
	SpentOn         = Text{"at the present rate the budget is spent on %s", "今のペースでは %s にエラーバジェットを使い切ります"}
	MayBeSpent      = Text{"minutes that aren't measured could have spent it", "計測できなかった時間に、エラーバジェットを使い切っている可能性があります"}
	NothingAgainst  = Text{"nothing here speaks against it", "妨げる理由はありません"}

	FromTo       = Text{"%s to %s", "%s～%s"}
	MonthFromTo  = Text{"%s, %s to %s", "%s、%s～%s"}
	BudgetOf     = Text{"%s, target %s, %s", "%s、目標値 %s、%s"}
	TargetWithin = Text{"%s within %s", "%s (%s 以内)"}
	HeadLeft     = Text{"left", "残量"}
	HeadDeploy   = Text{"deploy?", "デプロイ"}
	HeadBurn     = Text{"burn", "消費速度"}
	HeadMeasured = Text{"measured", "計測"}
	HeadRatio    = Text{"ratio", "比率"}
	HeadSpent    = Text{"spent by", "消費要因"}
	ShareLeft    = Text{"%s of the budget%s", "エラーバジェットの %s%s"}
	NoneToJudge  = Text{": there was nothing to judge", "。判定の対象なし"}
	BadTooMany   = Text{": %s bad %s more than the %s that the period allows", "。bad の%[2]sが期間の許容量 %[3]s を %[1]s 超過"}
	BadAllowed   = Text{": %s more bad %s of %s that the period allows, or %s of a full outage at the mean rate", "。許容できる bad の%[2]sはあと %[1]s (期間の許容量 %[3]s)、平均的な流量での全面障害なら %[4]s に相当"}
	NoneAllowed  = Text{": no room for bad %s, the period allows %s at the mean rate", "。bad の%sはもう許容できません (平均的な流量での期間の許容量 %s)"}
	BurnsOf      = Text{"%s (1 is the allowed rate)%s", "バーンレート %s。許容される速さは 1%s"}
	// ProjectedPeriod is said of what is left while hardly anything is measured.
	ProjectedPeriod = Text{"; a projection, since less than a day is measured", " (計測が 1 日分に満たないため参考値)"}
	Projected       = Text{"%s (projected)", "%s (参考値)"}
	BurnSoFar       = Text{"%s; no window of an hour or longer is filled yet", "バーンレート %s。1 時間以上のウィンドウはまだ埋まっていません"}
	NotYet          = Text{"not measured yet", "まだ計測できていません"}
	NoneAtPresent   = Text{"; none is spent at present", "。現在は消費していません"}
	PeriodIsOver    = Text{"; that is now, the period is over", "。いずれも現在の値です (期間は終了済み)"}
	GoesOn          = Text{"; at the rate of the last %s it goes on", "。直近 %s のペースで消費が続いています"}
	IsSpentOn       = Text{"; at the rate of the last %s it is spent on %s", "。直近 %s のペースでは %s に使い切ります"}
	Lasts           = Text{"; at the rate of the last %s it lasts to the period's end", "。直近 %s のペースなら期間の終わりまで残ります"}
	IsntFalling     = Text{"; at the rate of the last %s it isn't falling", "。直近 %s のペースなら残量は減りません"}
	MinutesOf       = Text{"%s of %s minutes: %s with %s, %s without, %s not measured%s%s", "%[2]s 分間のうち %[1]s を計測。内訳 (分): 対象の%[4]sあり %[3]s、なし %[5]s、計測できず %[6]s%[7]s%[8]s"}
	ToCome          = Text{"; %s to come", "、これから %s"}
	MinutesFor      = Text{"%s %s: %s", "%[2]s %[1]s 分間: %[3]s"}
	FurtherWhys     = Text{"%s %s: %d further reasons", "%[2]s %[1]s 分間: そのほかの %[3]d 種類の理由"}
	GoodOfValid     = Text{"%s (%s of %s good)%s", "%[1]s (valid %[3]s のうち good %[2]s)%[4]s"}
	MayLieIn        = Text{"; %s to %s, by what the minutes that aren't measured may have held", "。計測できなかった時間の結果しだいで、実際は %s～%s"}
	BadIn           = Text{"%s bad (%s) %s%s", "bad %s (%s) %s%s"}
	BadInFurther    = Text{"%s bad (%s) in %s further stretches: %s", "bad %s (%s) ほか %s 区間: %s"}
	ClassAt         = Text{"%s, %s at %s", "%[1]s、%[3]s で %[2]s"}
	PlainAt         = Text{"%s, at %s", "%s、%s"}
)
