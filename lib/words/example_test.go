package words_test

import (
	"fmt"

	"mackerel-plugin-pipeline-sli/lib/words"
)

// A finding is a value; what people read is made of it, in their language.
func ExampleLanguage_Render() {
	finding := words.NoneProcessed.With(words.Records("1,204"), "11:32 JST")
	fmt.Println(words.English.Render(finding))
	fmt.Println(words.Japanese.Render(finding))
	// Output:
	// 1,204 records accepted since 11:32 JST, none processed
	// 11:32 JST 以降に受け付けたレコード 1,204 件がまったく処理されていません
}
