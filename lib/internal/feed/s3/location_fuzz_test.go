package s3

import "testing"

// FuzzLocation: a location is told as it is read.
func FuzzLocation(f *testing.F) {
	for _, text := range []string{"s3://bucket", "s3://bucket/AWSLogs/123456789012/elasticloadbalancing/eu-west-1/app.web.50dc6c495c0c9188", "s3://b.c/p//", "s3://B", "s3:///", "s3://bucket/elasticloadbalancing", "s3://bucket/elasticloadbalancing/app.a/app.b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLocation(text)
		if err != nil {
			return
		}
		if again, err := ParseLocation(l.String()); err != nil || again != l {
			t.Errorf("%q is %+v, told as %s, and then %+v (%v)", text, l, l, again, err)
		}
	})
}
