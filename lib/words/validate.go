package words

// What validate says of a plan.
var (
	PipelineSeries   = Text{"pipeline %s: %d series", "パイプライン %s: %d 系列"}
	RuleOf           = Text{"%-13s %s from %s, %s, scope %s, settles after %s, window %s, target %s%%", "%-13s 方法 %s、計測元 %s、%s、スコープ %s、%s 後に確定、ウィンドウ %s、目標値 %s %%"}
	HostsAdd         = Text{"over several hosts the events of %s add up", "複数ホストの場合、%s の件数はホスト間で合計できます"}
	HostsTellTheSame = Text{"over several hosts every one would tell the same of %s: measure it on one of them, with a custom_identifier, or post it as a service metric", "複数ホストの場合、%s はどのホストで計測しても同じ値になります。1 台だけで計測するか、custom_identifier を使うか、サービスメトリックとして投稿してください"}
	SeriesInAll      = Text{"%d series in all, of %d per standard host (%d on a micro host)", "合計 %d 系列 (ホスト 1 台分に含まれるのは、スタンダードホストで %d、マイクロホストで %d まで)"}
	AsksAWS          = Text{"asks AWS %s for %s: about USD %.2f a month, plugin and check together%s", "AWS への問い合わせは%s、課金対象のメトリックは%s: プラグインとチェックを合わせて月に約 %.2f USD%s"}
	OnceAMinute      = Text{"once a minute", "毎分 1 回"}
	TimesAMinute     = Text{"%d times a minute", "毎分 %d 回"}
	OneBilled        = Text{"1 billed metric", " 1 個"}
	ManyBilled       = Text{"%d billed metrics", " %d 個"}
	TimesHosts       = Text{", times the hosts it is configured on (one is enough)", " × 設定したホストの台数 (1 台で足ります)"}
	OnTop            = Text{"on top of that: %s", "これに加えて: %s"}
	OfPipeline       = Text{"pipeline %s: %s", "パイプライン %s: %s"}

	LimitOverTarget = Text{"check: %s: limit %s%% is above the target %s%%, so it fires while the objective is met", "check: %s: 下限 %s %% が目標値 %s %% より高いため、目標を満たしていてもアラートになります"}
	WindowTooShort  = Text{"check: %s: its window of %s is shorter than the %s from one of its %s to the next, so most windows have nothing to judge", "check: %s: ウィンドウ %s が %[4]sの間隔 %[3]s より短いため、ほとんどのウィンドウに判定の対象がありません"}
	OneIsBad        = Text{"check: %s: one bad one of its %s, %s in %s, is %s by itself", "check: %[1]s: %[4]s あたりの%[2]sが %[3]s しかないため、bad が 1 つあるだけで %[5]s になります"}
	BurnNeverAlerts = Text{"check: %s: its burn rate can never alert: one of its %s every %s proves nothing in any window", "check: %s: %sが %s に 1 つでは、どのウィンドウでもバーンレートが高いと統計的に言えず、アラートになることがありません"}
	BurnNeverPages  = Text{"check: %s: its burn rate can never page: a page needs %d bad in %s, and one of its %s comes every %s", "check: %[1]s: バーンレートで CRITICAL になることがありません: %[3]s の間に bad が %[2]d 以上必要ですが、%[4]sは %[5]s に 1 つしかありません"}
	OneWarns        = Text{"check: %s: one bad one of its %s, %s in %s, burns %s times the budget, limit %s: it warns by itself", "check: %[1]s: %[4]s あたりの%[2]sが %[3]s しかないため、bad が 1 つあるだけでバーンレートが %[5]s になり、上限 %[6]s を超えて WARNING になります"}
	BelowWait       = Text{"%s %s is below what can be observed: %s of %s is %s, and so old is what comes out while all is well", "%[1]s %[2]s は短すぎます: %[4]s の%[3]sが %[5]s あり、正常でもデータはそれだけ古くなります"}
	BelowUpdates    = Text{"freshness: threshold %s is below what can be observed: an update comes every %s, and so old is what it brought until then", "freshness: しきい値 %s は短すぎます: 更新は %s ごとのため、正常でも次の更新までにデータはそれだけ古くなります"}
	AgeBelowKnown   = Text{"check: critical_age %s is below what can be observed: a minute is known %s after its end, and what lasted no longer is over by then", "check: critical_age %s は短すぎます: 1 分間の結果がわかるのはその終わりから %s 後で、それより短い異常はわかったときには終わっています"}
	LagBelowKnown   = Text{"check: max_lag %s is below what can be observed: the newest minute is known up to %s after its end, so the check is UNKNOWN while all is well", "check: max_lag %s は短すぎます: 最新の 1 分間の結果がわかるのはその終わりから最大 %s 後のため、正常でも UNKNOWN になります"}
	IDsMeetNot      = Text{"ids: stage %s holds the records of this host, stage %s those of all hosts: they meet only where there is one host (assume: single_host); read both logs where those of all hosts are", "ids: ステージ %s はこのホストのレコード、ステージ %s は全ホストのレコードです。ID が対応するのは、ホストが 1 台の場合 (assume: single_host) だけです。両方のログを全ホスト分がそろう場所から読んでください"}
	IDsOverQueue    = Text{"ids: stages %s and %s are logs of this host, and the queue %s is shared: what is accepted here and done on another host never meets; read both logs where those of all hosts are, say coverage: { from: counts }, or assume: single_host", "ids: ステージ %s と %s はこのホストのログで、キュー %s は共有です。このホストで受け付けて別のホストで処理したレコードは、ID が対応しません。両方のログを全ホスト分がそろう場所から読むか、coverage: { from: counts } または assume: single_host を指定してください"}
	ProverTooSlow   = Text{"%s: the prover is too slow to prove %s%%: %s records without a failure would, one every %s gives %s in %s, which prove %s%%", "%[1]s: prover の間隔が長すぎて、%[2]s %% を満たしているとは言えません: 失敗なしで %[3]s 件必要ですが、%[4]s に 1 件では %[6]s で %[5]s 件にしかならず、言えるのは %[7]s %% までです"}
	ProverRate      = Text{"prover: one record every %s; verdict after %s; no failure in a day's %s rules out losses above %s%%", "prover: %s に 1 件、判定は %s 後。1 日 %s 件で失敗がなければ、%s %% を超える消失はないと言えます"}
	ProverNeeds     = Text{"prover: %s %s%% is proven by %s records without a failure, after %s", "prover: %s が %s %% を満たしていると言うには、失敗なしの %s 件 (所要 %s) が必要です"}
)
