package store_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
	"intake/internal/testenv"
)

// words are texts as people type them, in any script, but for what a form
// refuses or cleans away.
func words(lines bool) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		text := rapid.StringOfN(rapid.RuneFrom(nil, unicode.Letter, unicode.Mark, unicode.Number, unicode.Punct, unicode.Symbol), 1, 60, 180).Draw(t, "text")
		if lines && rapid.Bool().Draw(t, "two lines") {
			text += "\r\n \t" + text
		}
		return rapid.SampledFrom([]string{"", " ", "\u00a0"}).Draw(t, "margin") + text
	})
}

// posting draws what somebody posts for a question of that kind.
var posting = map[forms.Kind]func(t *rapid.T, posted url.Values, name string){
	forms.KindChoice: func(t *rapid.T, posted url.Values, name string) {
		posted.Set(name, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, name))
	},
	forms.KindChoices: func(t *rapid.T, posted url.Values, name string) {
		posted[name] = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 3, rapid.ID[string]).Draw(t, name)
	},
	forms.KindText:     func(t *rapid.T, posted url.Values, name string) { posted.Set(name, words(false).Draw(t, name)) },
	forms.KindLongText: func(t *rapid.T, posted url.Values, name string) { posted.Set(name, words(true).Draw(t, name)) },
	forms.KindDate: func(t *rapid.T, posted url.Values, name string) {
		day := time.Date(1920, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 30_000).Draw(t, name))
		posted.Set(name+".day", fmt.Sprint(day.Day()))
		posted.Set(name+".month", fmt.Sprint(int(day.Month())))
		posted.Set(name+".year", fmt.Sprint(day.Year()))
	},
	forms.KindEmail: func(t *rapid.T, posted url.Values, name string) {
		posted.Set(name, rapid.StringMatching(`[a-z]{1,10}@[a-z]{1,10}\.example`).Draw(t, name))
	},
	forms.KindPhone: func(t *rapid.T, posted url.Values, name string) {
		posted.Set(name, rapid.StringMatching(`01632 960[0-9]{3}`).Draw(t, name))
	},
	forms.KindPostcode: func(t *rapid.T, posted url.Values, name string) {
		posted.Set(name, rapid.SampledFrom([]string{"cm1 1qh", "ZZ993VZ", "SW1A 1AA"}).Draw(t, name))
	},
	forms.KindNHSNumber: func(t *rapid.T, posted url.Values, name string) {
		posted.Set(name, rapid.SampledFrom([]string{"943 476 5919", "9990000018"}).Draw(t, name))
	},
}

// drawForm draws a definition, of which one page may repeat.
func drawForm(t *rapid.T, kind forms.FormKind) *forms.Form {
	var source strings.Builder
	fmt.Fprintf(&source, "id: drawn\nversion: 1\nkind: %s\ntitle: {en: Drawn}\nlanguages: [en]\npages:\n", kind)
	kinds := forms.Kinds()
	for page := range rapid.IntRange(1, 3).Draw(t, "pages") {
		fmt.Fprintf(&source, "- id: page_%d\n  title: {en: Page}\n", page)
		if kind == forms.Referral && page == 0 {
			source.WriteString("  part: reporter\n")
		} else if page == 1 {
			source.WriteString("  repeats: {group: members, min: 0, max: 5, item: {en: Member}, add: {en: Add}}\n")
		}
		source.WriteString("  questions:\n")
		for q := range rapid.IntRange(1, 5).Draw(t, "questions") {
			k := rapid.SampledFrom(kinds).Draw(t, "kind")
			fmt.Fprintf(&source, "  - {id: q_%d_%d, kind: %s, label: {en: Question}", page, q, k)
			if k.Closed() {
				source.WriteString(", options: [{code: a, label: {en: A}}, {code: b, label: {en: B}}, {code: c, label: {en: C}}]")
			}
			source.WriteString("}\n")
		}
	}
	form, err := forms.Load([]byte(source.String()), nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, source.String())
	}
	return form
}

// drawAnswers draws valid answers, parsed and stripped as a handler does it.
func drawAnswers(t *rapid.T, form *forms.Form) forms.Answers {
	posted := url.Values{}
	for _, page := range form.Pages {
		names := []string{""}
		if page.Repeats != nil {
			names = nil
			for member := range rapid.IntRange(0, 3).Draw(t, "members") {
				names = append(names, fmt.Sprintf("members.%d.", member))
			}
		}
		for _, prefix := range names {
			for _, q := range page.Questions {
				if rapid.Bool().Draw(t, "answered") {
					posting[q.Kind](t, posted, prefix+q.ID)
				}
			}
		}
	}
	answers, err := form.Parse(posted)
	if err != nil {
		t.Fatal(err)
	}
	answers = form.Strip(answers)
	if faults := form.Validate(answers, "en", tuesday); len(faults) > 0 {
		t.Fatalf("%v: %s", faults, answers.Encode())
	}
	return answers
}

// What is sent is what is read, for any definition and any answers.
func TestAnswersComeBackFromTheLedger(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	lead := l.user("lead@example.org", store.SafeguardingLead)
	wave := l.wave("drawn")
	var sent []string
	rapid.Check(t, func(rt *rapid.T) {
		answers := drawAnswers(rt, drawForm(rt, forms.Survey))
		duplicate, err := l.Append(t.Context(), store.Response{Key: uuid.New(), WaveID: wave, FormVersion: 1, Answers: answers}, tuesday)
		if err != nil || duplicate {
			rt.Fatalf("append: %v, %v", duplicate, err)
		}
		sent = append(sent, string(answers.Encode()))
		given := l.texts(`SELECT json_object_keys($1::json)`, string(answers.Encode()))
		if kept := l.texts(`SELECT jsonb_object_keys($1::jsonb)`, string(answers.Encode())); !slices.Equal(given, kept) {
			rt.Fatalf("the database has to sort %q to %q", given, kept)
		}

		form := drawForm(rt, forms.Referral)
		answers = drawAnswers(rt, form)
		receipt, err := l.Submit(t.Context(), store.Submission{
			Key: uuid.New(), Form: form, Answers: answers,
			Facts: routing.FactsOf(answers, tuesday, council.Calendar()), ReceivedAt: tuesday,
		})
		if err != nil {
			rt.Fatal(err)
		}
		opened, err := l.OpenReferral(t.Context(), lead, receipt.Reference, tuesday)
		if err != nil {
			rt.Fatal(err)
		}
		if got := opened.Versions[0].Answers; !got.Equal(answers) {
			rt.Fatalf("sent %s\nread %s", answers.Encode(), got.Encode())
		}
	})
	_, err := l.Release(t.Context(), wave, tuesday)
	l.must(err)
	var read []string
	for _, a := range testenv.Released(t, l.Store, wave) {
		read = append(read, string(a.Encode()))
	}
	slices.Sort(sent)
	slices.Sort(read)
	if !slices.Equal(sent, read) {
		t.Errorf("%d responses were sent and %d read, or they differ", len(sent), len(read))
	}
}
