package words

// What each SLI asks.
var (
	WasItAccepted = Text{"was the write accepted?", "書き込みは受け付けられたか"}
	WasItQuick    = Text{"was it accepted quickly?", "すばやく受け付けられたか"}
	HowSoonSeen   = Text{"how soon can users see it?", "どれだけ早くユーザーに見えるようになるか"}
	DidAllComeOut = Text{"did every accepted record come out in time?", "受け付けたレコードは期限内にすべて処理されたか"}
	WasItRight    = Text{"did it come out right?", "正しい結果になったか"}
)
