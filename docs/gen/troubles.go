package main

// trouble is what messages that come of the same cause mean, and what to do. Messages are
// named by the beginning of their English text, as lib/words has it, or by their name there.
type trouble struct {
	says      string // one a line
	means, do [2]string
}

// chapter is where messages are met.
type chapter struct {
	title    [2]string
	troubles []trouble
}

var chapters = []chapter{
	{
		[2]string{"A log can't be read", "ログが読めない"},
		[]trouble{
			{`log file %s: %v
log file glob %s: %v
no such file or directory
file does not exist
nothing matches: %v
CorrectPath`,
				[2]string{"Nothing lies where `path:` says, for the user that runs the program.", "プログラムを実行するユーザーから見て、`path:` の場所にファイルがありません。"},
				[2]string{"Correct `path:`. Where the log may be missing, say `optional: true`.", "`path:` を直します。ないこともあるログなら `optional: true` を指定します。"}},
			{`permission denied
AsTheAgent`,
				[2]string{"mackerel-agent's user may not read the log, or not enter its directory.", "mackerel-agent のユーザーに、ログを読む権限かディレクトリに入る権限がありません。"},
				[2]string{"Let that user read it, e.g. by its group (`adm`), and try as that user: `sudo -u USER mackerel-plugin-pipeline-sli doctor`.", "グループ (`adm` など) で権限を与え、そのユーザーで確かめます: `sudo -u USER mackerel-plugin-pipeline-sli doctor`"}},
			{`not a regular file
log file glob %s: %s matches are not regular files`,
				[2]string{"A directory, a pipe or a device lies there.", "そこにあるのはディレクトリ、パイプ、デバイスなどです。"},
				[2]string{"Name the file itself, or a glob of files.", "ファイルそのものか、ファイルに該当する glob を指定します。"}},
			{`log file glob %s: names %d files`,
				[2]string{"The glob takes in more files than are followed, mostly rotated ones.", "glob に該当するファイルが、追跡できる数を超えています。たいていはローテーション済みのファイルです。"},
				[2]string{"Narrow it to the files that are written to.", "書き込み中のファイルだけに該当するように絞ります。"}},
			{`gzip data is damaged`,
				[2]string{"The compressed file ends too soon or was overwritten.", "圧縮ファイルが途中で終わっているか、上書きされています。"},
				[2]string{"See `gzip -t FILE`. What was read before the damage is kept.", "`gzip -t FILE` で確かめます。壊れている場所より前は数えてあります。"}},
			{`no line can be read; the first is
%s of %s lines of %v are malformed
SomeReadable
FewReadable
stage %s: too much of it couldn't be read`,
				[2]string{"The lines aren't of the format that is configured, or was recognised. A minute with more than `max_malformed` (10 %) of such lines is not measured.", "設定した、または判別した形式と行が合いません。解釈できない行が `max_malformed` (10 %) を超えた 1 分間は「計測できず」になります。"},
				[2]string{"Look at the line that is shown. Name `format:`, and `fields:` for names of your own; JSON of nginx needs `escape=json`.", "表示された行を見て、`format:` を、独自の名前なら `fields:` も指定します。nginx の JSON には `escape=json` が必要です。"}},
			{`directory %s: %v, so rotated`,
				[2]string{"The log's directory can't be listed: after a rotation the rest of the old file may not be found.", "ログのディレクトリの一覧を取得できません。ローテーション後に、古いファイルの残りを見つけられないことがあります。"},
				[2]string{"Give the agent's user read permission for the directory.", "mackerel-agent のユーザーに、ディレクトリの読み取り権限を与えます。"}},
			{`%s was removed or truncated
%s: its file is gone`,
				[2]string{"The log was deleted or emptied, and no copy was found. What was written meanwhile is unknown, so those minutes are not measured.", "ログが削除されたか空にされ、コピーも見つかりません。その間に書かれた内容がわからないので、その時間は「計測できず」になります。"},
				[2]string{"Rotate by renaming; with `copytruncate` keep the copy in the same directory.", "ローテーションは名前の変更で行います。`copytruncate` なら、コピーを同じディレクトリに残します。"}},
			{`%s: not read to its end in time
%s of %s minutes asked in time`,
				[2]string{"There was more to read than the run had time for. Nothing is lost.", "1 回の実行時間では読みきれませんでした。失われたものはありません。"},
				[2]string{"Nothing, if it passes; else raise `--timeout`, or let another engine count (`athena`, `mode: insights`).", "解消するなら何もしなくてかまいません。続くなら `--timeout` を延ばすか、別のエンジンで集計します (`athena`、`mode: insights`)。"}},
		},
	},
	{
		[2]string{"AWS or a database doesn't answer", "AWS やデータベースが応答しない"},
		[]trouble{
			{`%s is not allowed; add it to the policy`,
				[2]string{"The role may not do what is named.", "ロールに、表示されたアクションの権限がありません。"},
				[2]string{"`mackerel-plugin-pipeline-sli iam-policy` prints the whole policy.", "必要なポリシーは `mackerel-plugin-pipeline-sli iam-policy` で出力できます。"}},
			{`%s: the credentials have expired
%s: the credentials were not accepted`,
				[2]string{"Keys or a session are no longer valid, of another region, or the host's clock is off by minutes.", "キーかセッションが無効か、リージョンが違うか、ホストの時計が数分ずれています。"},
				[2]string{"Renew them, or better give the host a role; look at `aws sts get-caller-identity` as the agent's user.", "更新するか、できればホストにロールを付けます。mackerel-agent のユーザーで `aws sts get-caller-identity` を試してください。"}},
			{`aws credentials: none found
aws credentials: %v; %v
give the host a role
aws: no region
aws: no profile`,
				[2]string{"The user that runs the program has no credentials, no such profile, or no region.", "プログラムを実行するユーザーに、認証情報、プロファイル、リージョンのどれかがありません。"},
				[2]string{"Best give the host a role; else name `profile:` and `region:` under `aws:`, and try as the agent's user.", "できればホストにロールを付けます。または `aws:` に `profile:` と `region:` を指定し、mackerel-agent のユーザーで試します。"}},
			{`%s: throttled in all %d attempts`,
				[2]string{"The account's quota of calls is used up, often by other tools.", "アカウントの呼び出し回数の上限に達しています。ほかのツールが原因のこともあります。"},
				[2]string{"Configure shared sources on one host only; raise the quota.", "shared のデータソースは 1 台だけに設定します。クォータの引き上げも検討してください。"}},
			{`%s: there is no such resource
%s: refused: %s: %s`,
				[2]string{"AWS answered, and refused: the name, region or account is another one.", "AWS は応答しましたが、拒否されました。名前、リージョン、アカウントのどれかが違います。"},
				[2]string{"Compare the name and `region:` with the console's.", "名前と `region:` を AWS のコンソールと見比べます。"}},
			{`%s: the endpoint's name can't be resolved
%s: the endpoint refused the connection
%s: the endpoint can't be reached
%s: the answer broke off
%s: the answer is longer than
%s: the answer can't be read as one of AWS
%s: answered HTTP`,
				[2]string{"Not AWS but the way to it fails: DNS, a proxy, a VPC endpoint.", "AWS ではなく、そこまでの経路 (DNS、プロキシ、VPC エンドポイント) の問題です。"},
				[2]string{"Check `region:`, `endpoint_url:` and the network from that host.", "`region:`、`endpoint_url:` と、そのホストからのネットワークを確認します。"}},
			{`%s: no answer in time
no answer within %s (--timeout)
%s: the run was stopped`,
				[2]string{"The run ended with what was known: at its deadline, or since somebody stopped it.", "時間切れか中断で、その時点までにわかったことだけで実行を終えました。"},
				[2]string{"Raise `--timeout` (it must stay below the agent's own) where it is slow rather than away.", "遅いだけなら `--timeout` を延ばします (mackerel-agent 側のタイムアウトより短く)。"}},
			{`%s: the server can't be reached
PeerFails
PeerNotAsked
%s: a GET of it was answered`,
				[2]string{"Nothing answers at that address.", "そのアドレスから応答がありません。"},
				[2]string{"Check host, port, firewall, and that it runs.", "ホスト名、ポート、ファイアウォール、起動しているかを確認します。"}},
			{`%s: the login of user %s was refused`,
				[2]string{"The database answered, and doesn't take this login.", "データベースは応答しましたが、ログインできません。"},
				[2]string{"See that the password's variable is in the agent's environment (`env = { … }`), also for the check.", "パスワードの環境変数が mackerel-agent の設定 (`env = { … }`) にあるかを、チェックの設定も含めて確認します。"}},
			{`%s: the query was refused
%s: the query gave no row`,
				[2]string{"The query fails, or says nothing of the minute.", "クエリが失敗したか、その 1 分間について何も返しませんでした。"},
				[2]string{"Run it by hand as that user. What no row means is said with `empty:`.", "同じユーザーでクエリを実行してみます。0 行の意味は `empty:` で指定します。"}},
			{`%s: column %s is negative
%s: column %s must be between
%s: column %s is no number
%s: column %s is no time
%s: %s is more than %s (got`,
				[2]string{"What the query gave for the minute can't be what the column says. That minute is not measured; those after it are.", "クエリの結果が、列の意味に合いません。その 1 分間だけが「計測できず」になり、次の 1 分間からは計測します。"},
				[2]string{"Run it by hand for that minute, and see that both numbers come from one statement.", "その 1 分間についてクエリを実行し、2 つの数値を 1 つの文で求めているかを確認します。"}},
		},
	},
	{
		[2]string{"Not measured, no traffic", "計測できず、トラフィックなし"},
		[]trouble{
			{`%d of %d minutes have an answer
AnswersPartly
ReadPartly
NotMeasuredFor
SLINotMeasured
NotMeasuredOf
AgeNotMeasured
AgeUnmeasured
AgeOfData
no answer for it`,
				[2]string{"For more than half of the window, or for the age, nobody could look. The reason follows.", "ウィンドウの半分以上、または age について、計測そのものができませんでした。理由が続けて表示されます。"},
				[2]string{"`doctor` asks every source once and says which one doesn't answer.", "`doctor` を実行すると、すべてのデータソースに 1 回ずつ問い合わせ、応答しないものがわかります。"}},
			{`no whole minute yet
no minute has an answer yet
nothing was written to %s since
nothing is known of before
it was never counted
NoWholeMinute
BurnNotMeasured
its history begins on %s`,
				[2]string{"It has just begun: a minute counts once it was seen whole and has settled, a burn rate once its windows are filled.", "計測を始めたばかりです。1 分間は、最初から最後まで読めて確定してから数えます。バーンレートは、ウィンドウが埋まってからです。"},
				[2]string{"Wait. `start: beginning` takes in what the log has already.", "待ちます。ログにすでにある分も数えるなら `start: beginning` を指定します。"}},
			{`%d of %v are neither in the state
stage %s: %v; %d of %v aren't in the state
the state's history begins later
%v of the window aren't in the state
of the period before %s the history is trimmed
older than the history that is kept`,
				[2]string{"You ask for a time of which the state has no history, or no longer. The sources are asked instead, as far as they reach.", "状態ファイルに履歴がないか、もうない時間です。データソースに残っている範囲で補います。"},
				[2]string{"Read it with that in mind; `slo.periods` keeps history longer from now on, `budget fill` brings past minutes back.", "その前提で読んでください。`slo.periods` を長くすれば、これからの履歴が長く残ります。過去の分は `budget fill` で取り込めます。"}},
			{`no counts were posted of
no age was posted of`,
				[2]string{"`backtest --from-mackerel` knows what was posted: the age with `metrics: minimal`, counts with `events`. Minutes of which nothing was posted are UNKNOWN.", "`backtest --from-mackerel` でわかるのは、投稿された値だけです。age は `metrics: minimal`、件数は `events` で投稿されます。何も投稿されていない時間は UNKNOWN になります。"},
				[2]string{"Post `metrics: [minimal, events]` from now on; of the past, run the backtest where the state or the sources are.", "これからは `metrics: [minimal, events]` で投稿します。過去の分は、状態ファイルかデータソースのある場所でバックテストを実行します。"}},
			{`%s of these events came after
%s events of earlier minutes came after`,
				[2]string{"`--at` a past instant knows more than the run of that time did.", "`--at` で過去を見ると、当時の実行よりあとに届いたイベントも含まれます。"},
				[2]string{"Nothing. The number says by how much.", "対処は不要です。その件数が表示されています。"}},
			{`%s of %s %v can't be judged
in %v that have an answer, %v
their status isn't known
whether they meet good: isn't known
how long they took isn't known
when they were accepted isn't known
their lines have no status; %v
their lines have no request time; %v
%s behind the user agent is no duration
name a group of the pattern %s
their lines have no %s, which %s: asks for
%s, which %s: asks for, is %s
%s is %s, which is no HTTP status
%s is %s, which is no duration
add %s to the log
add $request_time to the end
fields: {%s: %s} names it
fields: {%s: NAME} says where it is
fields: says where it is
they have %s
what stands there is empty
did you mean %s?
more events couldn't be judged than could`,
				[2]string{"Requests or records came, and a field that judges them is missing or can't be read. Where most are so, the minute and the window are not measured.", "リクエストやレコードは来ていますが、判定に使うフィールドがないか、その値を解釈できません。大半がそうなら、その 1 分間とウィンドウは「計測できず」になります。"},
				[2]string{"Do what the hint says: add the field to the log, or name it under `fields:`.", "表示された手がかりのとおりに、フィールドをログに加えるか、`fields:` で名前を指定します。"}},
			{`their clients went away
%s is %s: no target answered`,
				[2]string{"Nobody answered them, or nobody waited for the answer: neither good nor bad of this service.", "応答がなかったか、クライアントが応答を待たずに切断しました。このサービスの good でも bad でもありません。"},
				[2]string{"Nothing; `abort_limit:` says from when on an abort is the service's fault.", "対処は不要です。何秒からの切断をサービス側の失敗とするかは `abort_limit:` で変えられます。"}},
			{`what became of them could not be looked up
%s of %s records could not be looked for: %v
they aren't complete, or lack what delay: names`,
				[2]string{"Known-answer records whose store could not be asked, or traces that aren't whole.", "ストアに問い合わせられなかった正解データか、そろっていないトレースです。"},
				[2]string{"Look at the store's stage in `explain`; for traces name what is there with `delay:`.", "`explain` でストアのステージを見ます。トレースなら、実際にある値を `delay:` で指定します。"}},
			{`the stages %s and %s don't log the same records`,
				[2]string{"Ids that come out were never seen accepted: the two logs hold different records, most likely of several hosts.", "出てきた ID に、受け付けた記録がありません。2 つのログに別々のレコードが入っています。たいていは複数のホストに分かれているためです。"},
				[2]string{"Read both logs where those of all hosts are, or say `coverage: { from: counts }`.", "両方のログを全ホスト分がそろう場所から読むか、`coverage: { from: counts }` を指定します。"}},
			{`where matches 0 of
events match 0 of
where and events match 0 of
their lines have no %s; %v
their lines have no %s
%s is %s there`,
				[2]string{"Lines were read, and none passed the conditions. Where no line even has the key, it is not measured.", "行は読めていますが、条件に一致する行がありません。キーのある行が 1 つもなければ「計測できず」になります。"},
				[2]string{"Compare the condition with what is shown: `uri: /v` is the whole text, `^/v` its beginning; case counts.", "条件と、表示された実際の値を見比べます。`uri: /v` は完全一致、`^/v` は前方一致です。大文字と小文字は区別されます。"}},
			{`stage %s has answered, but tells no age
%s has no point
%s of %s has no point
records come in, and %s has no point`,
				[2]string{"The source answers, but has no age for these minutes: what would tell it is silent although something may be owed.", "データソースは応答していますが、age を表す値がありません。未処理のものがあるかもしれないのに、それを示すメトリックが途絶えています。"},
				[2]string{"See to what is named. Of a metric of your own say with `absent:` what a minute without a point means.", "表示された対象を確認します。独自のメトリックでは、データポイントのない 1 分間の意味を `absent:` で指定します。"}},
			{`no requests
no answers
no distinct records accepted
no records
no known-answer records that the front took
nothing came whose age could be told
no traces sampled
no rows looked at
no runs that were due
no seconds
NoTrafficOf`,
				[2]string{"No traffic: it was looked at, and there was nothing to judge.", "トラフィックなし。計測できましたが、判定の対象がありませんでした。"},
				[2]string{"Nothing; where silence is a fault, `no_traffic: WARNING` under `check:`.", "対処は不要です。トラフィックがないこと自体が異常なら、`check:` に `no_traffic: WARNING` を指定します。"}},
			{`counted by another rule
stage %s: read by a clock that was ahead`,
				[2]string{"Minutes that are there but don't count: a rule was changed since, or the clock was wrong then.", "記録はありますが数えない時間です。その後ルールを変えたか、当時の時計が狂っていました。"},
				[2]string{"Nothing; they leave the budget's period with time.", "対処は不要です。時間がたてばバジェットの期間から外れます。"}},
			{`ExcludedFor
ExcludedOf`,
				[2]string{"All of the window is excluded by `exclude:` or `exclude_file:`.", "ウィンドウ全体が `exclude:` か `exclude_file:` で除外されています。"},
				[2]string{"Nothing, if that was meant.", "意図したものなら対処は不要です。"}},
			{`nothing is recorded of it
what is good was judged when it was recorded
counts are recorded by other thresholds`,
				[2]string{"A recording holds what sources answered, not the lines: what wasn't asked then can't be asked of it now, as counts by another threshold or another `good`.", "記録にあるのはデータソースの応答で、行そのものではありません。別のしきい値での件数や別の `good` など、記録したときに問い合わせていないことは、あとからわかりません。"},
				[2]string{"Run the backtest where the sources are, without `--recording`, or record with that configuration.", "`--recording` を付けずに、データソースのある場所でバックテストを実行するか、その設定で記録し直します。"}},
		},
	},
	{
		[2]string{"Clocks", "時計"},
		[]trouble{
			{`this host's clock is %s ahead
this host's clock is %s behind
they came out up to %s before they were accepted
%s: %s records came out more than
%s: updated_at lies up to
%s: its newest line is stamped
InFuture
ClockSkew
ClockOfHost`,
				[2]string{"Times lie in the future, or this host and AWS disagree: ages and windows would be wrong by as much.", "時刻が未来になっているか、このホストと AWS の時計がずれています。age もウィンドウもその分だけ狂います。"},
				[2]string{"See to the time service of the host that is named, and to `time_zone:` of stamps without one.", "表示されたホストの時刻同期と、タイムゾーンのない時刻の `time_zone:` を確認します。"}},
			{`%s: %s durations are whole numbers`,
				[2]string{"Durations without a fraction may be milliseconds or microseconds.", "小数のない所要時間は、ミリ秒やマイクロ秒かもしれません。"},
				[2]string{"Say `latency_unit:`.", "`latency_unit:` を指定します。"}},
		},
	},
	{
		[2]string{"What the check says", "チェックの報告"},
		[]trouble{
			{`NothingToJudge
NeedsRules
NeedsOrLimit
NeedsSLI
NoAges
NoDefaultSLI`,
				[2]string{"UNKNOWN: no rule is configured that could speak of this pipeline.", "UNKNOWN: このパイプラインを判定できるルールが設定されていません。"},
				[2]string{"Put the SLI and a limit under `check:`, e.g. `sli: [availability], burn_rate: true`.", "`check:` に SLI と条件を書きます。例: `sli: [availability], burn_rate: true`"}},
			{`NewestTooOld`,
				[2]string{"UNKNOWN: the measurement itself is behind, by more than its settle and 3 minutes.", "UNKNOWN: 計測そのものが、確定までの時間より 3 分以上遅れています。"},
				[2]string{"`doctor`; for sources that are late by nature `max_lag:`.", "`doctor` を実行します。もともと遅れるデータソースなら `max_lag:` を指定します。"}},
			{`LastUpdate
Oldest
OldOverLimit
OldAgain`,
				[2]string{"Users wait, or see old data, for longer than the limit. A breach ends at 0.9 of the limit, or after two minutes within it.", "ユーザーが上限より長く待っているか、古いデータを見ています。上限の 0.9 倍を下回るか、2 分続けて上限以内になれば解消です。"},
				[2]string{"`explain` names the stage that holds it up.", "どのステージで滞っているかは `explain` でわかります。"}},
			{`nothing came out for %ss
nothing came out for at least
no invocation for
nothing came out since
NoneProcessed
NoneSinceLeast`,
				[2]string{"FROZEN: records arrive and nothing comes out, for longer than batching explains.", "FROZEN: レコードが届いているのに、バッチ処理では説明できないほど長く、何も出てきていません。"},
				[2]string{"Look at the worker: is it running, invoked, failing on one record? “at least”: it began before the history.", "ワーカーを調べます。動いているか、呼び出されているか、特定のレコードで失敗していないか。「以上」とあれば、履歴より前から続いています。"}},
			{`the age grows
the backlog grows
MoreArrive
LongerAndOn
%s records have not come out, which no age explains`,
				[2]string{"LOSING: more arrives than comes out, or one lane is no longer served.", "LOSING: 到着に処理が追いついていないか、一部のレーンが処理されていません。"},
				[2]string{"Add capacity, or find the lane (shard, partition) that stands still.", "処理能力を増やすか、止まっているレーン (シャード、パーティション) を探します。"}},
			{`part of the records is stuck
records were overtaken by later ones
records were on their way before anything was counted
ids show otherwise
the oldest record aged by the clock
StuckByClock`,
				[2]string{"Later records come out, these don't: a poison record, a stuck shard, lost messages.", "あとのレコードは出てくるのに、一部だけが出てきません。処理できないレコード、止まったシャード、メッセージの消失などです。"},
				[2]string{"Search the worker's log for them; when the deadline has passed they are “overdue”, coverage's business.", "ワーカーのログを調べます。期限を過ぎると「期限超過」となり、coverage で数えます。"}},
			{`the backlog of %s records falls
the age of %ss falls`,
				[2]string{"DRAINING: it catches up, and says how long that takes at this rate.", "DRAINING: 追いつきつつあります。今のペースで解消するまでの時間が表示されます。"},
				[2]string{"Wait.", "待ちます。"}},
			{`a needed source has not settled
neither ages nor departures are known
no shard is known`,
				[2]string{"The state is UNKNOWN: too little is known to say where it is heading.", "状態は UNKNOWN。判断するには情報が足りません。"},
				[2]string{"Wait for the next minute; else name a stage that tells ages or what comes out.", "1 分待ちます。続くなら、age か処理件数のわかるステージを加えます。"}},
			{`MayBeLost
WillBeLost`,
				[2]string{"The queue keeps records only so long; the oldest will be deleted unread.", "キューの保持期間が迫っています。最も古いレコードは、読まれないまま削除されます。"},
				[2]string{"Raise the retention at once, then add consumers.", "まず保持期間を延ばし、次にコンシューマを増やします。"}},
			{`BelowLimit
BadOfValid
BadOfGuess
NothingProven
AtMostShare`,
				[2]string{"The counts prove that the ratio is below the limit. An estimate warns only, unless a bound, the age or the state agrees (“nothing proven agrees”).", "比率が下限を下回っていると、件数から統計的に言えます。推定値は、上限・下限、age、状態のどれかの裏付けがなければ WARNING までです。"},
				[2]string{"`budget` shows when, at which stage and of which class the bad ones were.", "いつ、どのステージで、どの種類の bad だったかは `budget` でわかります。"}},
			{`BurnsTooFast
TooFewToPage`,
				[2]string{"The error budget burns faster than the rule allows, over a long window and still over a short one.", "エラーバジェットの消費が速すぎます。長いウィンドウでも、直近の短いウィンドウでも超えています。"},
				[2]string{"`budget` shows what spends it and how long it lasts.", "何が消費しているか、いつまでもつかは `budget` でわかります。"}},
			{`NoTask
NotInvoked
OnlyThrottled
ShardFails
Failing
Throttled`,
				[2]string{"The stage that holds the pipeline up, and why.", "パイプラインを滞らせているステージと、その理由です。"},
				[2]string{"Begin there.", "そこから調べます。"}},
			{`RunSince
RunSinceUsual`,
				[2]string{"A batch run is late and still running.", "バッチの実行が遅れていて、まだ終わっていません。"},
				[2]string{"Compare with how long it usually takes.", "通常の所要時間と比べます。"}},
			{`Fresh
FreshByAges
within limits
the age is %ss, and it is too soon to tell where it goes
what comes out keeps up, though the oldest record is %ss old by counts
nothing arrives, nothing owed
expected at intervals`,
				[2]string{"OK. “as far as ages show”: a shard that is silently not polled would not be seen.", "OK。「age でわかる範囲」とあれば、エラーもなくポーリングされなくなったシャードは見つけられません。"},
				[2]string{"Nothing; `event_source_mapping:` lets counts show such a shard.", "対処は不要です。`event_source_mapping:` を指定すると、件数からそのようなシャードも見つけられます。"}},
			{`Internal`,
				[2]string{"A fault of this program.", "このプログラムの不具合です。"},
				[2]string{"`mackerel-plugin-pipeline-sli record DIR`, and report it with what is in DIR.", "`mackerel-plugin-pipeline-sli record DIR` を実行し、DIR の内容を添えて報告してください。"}},
		},
	},
	{
		[2]string{"What validate would have you think about", "validate が指摘する、見直したほうがよい点"},
		[]trouble{
			{`LimitOverTarget`,
				[2]string{"The check would warn while the objective is met.", "目標を満たしていても警告が出ます。"},
				[2]string{"Lower the limit below the target.", "下限を目標値より低くします。"}},
			{`WindowTooShort
OneIsBad
OneWarns
BurnNeverAlerts
BurnNeverPages`,
				[2]string{"Events are too rare for the rule: one bad one decides, or none ever can.", "イベントが少なすぎます。bad が 1 件あるだけで判定が決まるか、アラートになることがありません。"},
				[2]string{"A longer window, a lower target, or more known-answer records.", "ウィンドウを長くするか、目標値を下げるか、正解データを増やします。"}},
			{`BelowWait
BelowUpdates
AgeBelowKnown
LagBelowKnown`,
				[2]string{"The threshold is shorter than what can be observed: it is broken while all is well, or never seen broken.", "しきい値が観測できる範囲より短いため、正常でも違反になるか、違反に気づけません。"},
				[2]string{"Raise it above the value that is named.", "表示された値より大きくします。"}},
			{`IDsMeetNot
IDsOverQueue`,
				[2]string{"One log is this host's, the other that of all hosts: ids won't meet.", "片方はこのホストのログ、もう片方は全ホストのログなので、ID が対応しません。"},
				[2]string{"Read both where those of all hosts are; `assume: single_host` where there is one host.", "両方を全ホスト分がそろう場所から読みます。ホストが 1 台なら `assume: single_host` を指定します。"}},
			{`ProverTooSlow`,
				[2]string{"So few known-answer records can't prove such a target.", "正解データがこれだけ少ないと、その目標値を満たしているとは言えません。"},
				[2]string{"A shorter `every:`, or a lower target.", "`every:` を短くするか、目標値を下げます。"}},
			{`HostsAdd
HostsTellTheSame`,
				[2]string{"What happens where the same file is on several hosts.", "同じ設定を複数のホストに置いたときにどうなるかを示しています。"},
				[2]string{"Those that add up may be on every host; the others on one.", "足し合わせられるものはすべてのホストに、それ以外は 1 台だけに設定します。"}},
			{`a shard that isn't polled is invisible
it was throttled: which lanes wait
no metric shows when within a run a record is written
batches held up to %s records
its mapping filters, and nothing counts what it filters out
no backlog and no coverage by counts is told
estimate of %s good records moved down`,
				[2]string{"An estimate's limits: ages alone can't see everything, and counts correct what they prove.", "推定の限界です。age だけではすべては見えず、件数から言えることで補正しています。"},
				[2]string{"`event_source_mapping:` with its EventCount metrics on.", "EventCount メトリックを有効にして `event_source_mapping:` を指定します。"}},
		},
	},
	{
		[2]string{"What doctor finds", "doctor の指摘"},
		[]trouble{
			{`NothingKept
state directory %s: create: %v
state directory %s: open: %v
state directory %s is not a directory
state directory %s is a symbolic link
state directory %s is on a network
state directory %s belongs to uid
state directory %s may be written
%v: run as its owner`,
				[2]string{"The state can't be written: ratios come, exact counts (`events`) don't.", "状態を保存できません。比率は出ますが、正確な件数 (`events`) は出ません。"},
				[2]string{"The directory must belong to the agent's user, mode 0700, not be a link and not lie on NFS.", "ディレクトリの所有者を mackerel-agent のユーザー、モードを 0700 にします。シンボリックリンクと NFS は使えません。"}},
			{`AgentLacks
AddPlugin
AddCheck
AddTimestamp
AgentAway
AgentHidden`,
				[2]string{"mackerel-agent.conf doesn't call the programs as they want to be called, or couldn't be looked at.", "mackerel-agent.conf の設定が足りないか、確認できませんでした。"},
				[2]string{"Add the block that is shown, with `command` as an array, and reload the agent.", "表示されたブロックを追加し (`command` は配列で)、mackerel-agent をリロードします。"}},
		},
	},
}

// plain are texts of the searched files that tell of no trouble: parts of others, and what
// is well. Each is named as in a trouble.
const plain = `and %d more log files
stage %s: %v
%d minutes
a minute
records
requests
probes
traces
reads
runs
seconds
age and work
age and work of what is served
counts
counts, as if one lane stood still
answers
can be reached: a GET of it was answered
that would send a record
that would delete
what its %s does isn't known here
silence
nothing owed
the consumer's own position
the age that %s reports
the last update of %s
the age told at that time
no run of %s since
a run of %s whose stamps lie in the future
Apart
FirstFailure
OfStage
AtLeast
Share
Further
ExactBasis
GuessBasis
StateFor
OldestIs
OldestLimit
SkewedBy
SkewedShare
SkewedOf
oneRequest
oneRecord
oneProbe
oneTrace
oneSecond
oneRead
oneRun
oneLine
manyRequests
manyRecords
manyProbes
manyTraces
manySeconds
manyReads
manyRuns
manyLines
PipelineSeries
RuleOf
SeriesInAll
AsksAWS
OnceAMinute
TimesAMinute
OneBilled
ManyBilled
TimesHosts
OnTop
OfPipeline
ProverRate
ProverNeeds
PointsFailed
PointsWell
PointsOpen
CanBeKept
PeerAnswers
Named
AllReadable
SomeMatch
AnswersQuietly
PercentOf
AgentNames`

// searched are the files of lib/words whose texts tell of trouble, and of the sentences
// of elsewhere those under a heading that isn't one of quiet.
var (
	searched = []string{"check.go", "doctor.go", "validate.go", "sources.go"}
	quiet    = []string{"What is divided by what.", "When a minute settles, where numbers come from.", "Waits that validate speaks of.", "Why a line can't be read."}
)
