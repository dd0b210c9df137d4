package words

// What doctor says, point by point, behind ok, FAILED or note.
var (
	PointsFailed   = Text{"%d of %d points failed%s", "%[2]d 項目中 %[1]d 項目に問題があります%[3]s"}
	PointsWell     = Text{"all %d points that were looked at are well%s", "確認した %d 項目はすべて正常です%s"}
	PointsOpen     = Text{"; %d more could not be looked at, or can't be told yet", "。ほかの %d 項目は確認できないか、まだ判断できません"}
	NothingKept    = Text{"%s; nothing can be kept: windows are read back from the sources, and no events are printed", "%s。状態を保存できないため、ウィンドウは毎回データソースから読み直し、events は出力されません"}
	CanBeKept      = Text{"state can be kept in %s by user %d", "状態を %s に保存できます (ユーザー ID %d)"}
	PeerFails      = Text{"%s: %s; see that the address is right and that it is up", "%s: %s。アドレスが正しいか、起動しているかを確認してください"}
	PeerNotAsked   = Text{"%s: %s wasn't asked: %s", "%s: %s には問い合わせませんでした: %s"}
	PeerAnswers    = Text{"%s: %s %s", "%s: %s %s"}
	Named          = Text{"%s: %s", "%s: %s"} // a stage or SLI, and what is said of it
	CorrectPath    = Text{"%s: %s; correct path:, or say optional: true if it may be missing", "%s: %s。path: を直すか、ないこともあるログなら optional: true を指定してください"}
	AsTheAgent     = Text{"%s: %s; sudo -u USER %s doctor, as the user that runs mackerel-agent, or let that user read it", "%s: %s。mackerel-agent の実行ユーザーで確認する (sudo -u USER %s doctor) か、そのユーザーに読み取り権限を与えてください"}
	AllReadable    = Text{"%s: %s in the window, all can be read%s, format %s", "%s: ウィンドウ内の%sをすべて解釈できます (%s形式 %s)"}
	InFuture       = Text{"%s: %d of %s are stamped in the future and count nowhere; say time_zone: if the stamps are of another zone, or set the clock of the host that writes them", "%[1]s: ウィンドウ内の%[3]sのうち %[2]d 行が未来の時刻のため、数えません。別のタイムゾーンの時刻なら time_zone: を指定し、そうでなければ書き込むホストの時計を合わせてください"}
	SomeMatch      = Text{", %d match", "条件に一致 %d 行、"}
	AnswersQuietly = Text{"%s: answers; nothing happened in the window", "%s: 応答しています。ウィンドウ内のイベントはありません"}
	AnswersPartly  = Text{"%s: answers, but so far for %d of the window's %d minutes", "%[1]s: 応答していますが、ウィンドウの %[3]d 分間のうち、応答があったのは %[2]d 分間です"}
	ReadPartly     = Text{"%s: answers, but so far for %d of the window's %d minutes: %s, all can be read%s, format %s", "%[1]s: 応答していますが、ウィンドウの %[3]d 分間のうち、応答があったのは %[2]d 分間です。その%[4]sはすべて解釈できます (%[5]s形式 %[6]s)"}
	SomeReadable   = Text{"%s: %s%% of %d lines can be read; the first bad one: %s", "%[1]s: %[3]d 行のうち %[2]s %% を解釈できます。解釈できない最初の行: %[4]s"}
	FewReadable    = Text{"%s; say format: and fields: as the lines are, or raise max_malformed: %s%%", "%s。行に合わせて format: と fields: を指定するか、max_malformed: %s %% を引き上げてください"}
	NotMeasuredOf  = Text{"%s: not measured: %s", "%s: 計測できず: %s"}
	NoTrafficOf    = Text{"%s: no traffic in %s: %s", "%s: トラフィックなし (%s): %s"}
	ExcludedOf     = Text{"%s: excluded in %s: %s", "%s: 除外 (%s): %s"}
	PercentOf      = Text{"%s: %s%%", "%s: %s %%"}
	AgentAway      = Text{"%s isn't here, so the agent's settings weren't looked at; see that it runs both programs with commands in array form", "%s がないため、mackerel-agent の設定は確認していません。両方のプログラムが配列形式の command で設定されているか確認してください"}
	AgentHidden    = Text{"%s: %s; the agent's settings weren't looked at; see that it runs both programs with commands in array form", "%s: %s。mackerel-agent の設定は確認していません。両方のプログラムが配列形式の command で設定されているか確認してください"}
	AgentNames     = Text{"%s names %s", "%s に %s の設定があります"}
	AgentLacks     = Text{"%s doesn't name %s: %s", "%s に %s の設定がありません。%s"}
	AddPlugin      = Text{"add [plugin.metrics.pipeline-sli] with command = [\"mackerel-plugin-pipeline-sli\"]", "[plugin.metrics.pipeline-sli] を追加し、command = [\"mackerel-plugin-pipeline-sli\"] と書いてください"}
	AddCheck       = Text{"add [plugin.checks.pipeline-freshness-NAME] with command = [\"check-pipeline-freshness\"]", "[plugin.checks.pipeline-freshness-NAME] を追加し、command = [\"check-pipeline-freshness\"] と書いてください"}
	AddTimestamp   = Text{"add use_plugin_timestamp = true, so that values carry their own minute (agent 0.87.0 or newer)", "use_plugin_timestamp = true を追加してください。値が、計測対象の 1 分間の時刻で投稿されるようになります (mackerel-agent 0.87.0 以降)"}
)
