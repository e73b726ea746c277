package handlers

import (
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// FuzzParseForm holds our reading of a form to the library's.
func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=b&a=c&b=&c", "a=%41+b&%2B=1", "a=b;c=d", "a=%zz", "%zz=a&b=c", "&&=&a", "a=\x00\xff", "a==b&a==",
		strings.Repeat("n=v&", mostPairs+1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		want, refused := url.ParseQuery(body)
		got, err := parseForm(body)
		if (err != nil) != (refused != nil) {
			t.Fatalf("%q: %v; the library says %v", body, err, refused)
		}
		if err == nil && !reflect.DeepEqual(got.Values(), want) {
			t.Fatalf("%q is read as %q, by the library as %q", body, got.Values(), want)
		}
	})
}
