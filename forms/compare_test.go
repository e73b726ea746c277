package forms

import (
	"slices"
	"strings"
	"testing"
)

func TestCountedTogether(t *testing.T) {
	t.Parallel()
	const (
		mood  = `{id: mood, kind: choice, label: {en: Your mood}, options: [{code: good, label: {en: Good}}, {code: bad, label: {en: Bad}}, {code: unsure, label: {en: Not sure}, aside: true}, {code: calm, label: {en: Calm}}]}`
		words = `{id: words, kind: text, label: {en: Your words}}`
	)
	load := func(version string, questions ...string) *Form {
		return mustLoad(t, strings.Replace(ask(t, questions...), "version: 1", "version: "+version, 1))
	}
	before := load("1", mood, words)
	for name, test := range map[string]struct {
		questions []string
		want      []string
	}{
		"nothing but the version": {[]string{mood, words}, nil},
		"the order of questions and options": {[]string{words,
			`{id: mood, kind: choice, label: {en: Your mood}, options: [{code: bad, label: {en: Bad}}, {code: calm, label: {en: Calm}}, {code: unsure, label: {en: Not sure}, aside: true}, {code: good, label: {en: Good}}]}`}, nil},
		"a question more, and one less": {[]string{mood, `{id: age, kind: text, label: {en: Your age}}`}, nil},
		"hints, help, who is asked": {[]string{
			strings.Replace(mood, "kind: choice", "kind: choice, hint: {en: Today}, short: {en: mood}, positive: [good], help: [{when: [bad], text: {en: Call us}}]", 1),
			strings.Replace(words, "kind: text", "kind: text, when: {field: mood, eq: bad}, applies: {en: In a bad mood}", 1)}, nil},
		"spaces around words": {[]string{strings.Replace(mood, "Your mood", `" Your mood "`, 1)}, nil},
		"another kind": {[]string{strings.Replace(words, "kind: text", "kind: long_text", 1)},
			[]string{`Question "words" is of the kind text in version 1 and of the kind long_text in version 2.`}},
		"other words": {[]string{strings.Replace(mood, "Your mood", "Your mood today", 1)},
			[]string{`Question "mood" asks “Your mood” in version 1 and “Your mood today” in version 2.`}},
		"sensitive": {[]string{strings.Replace(words, "kind: text", "kind: text, sensitive: true", 1)},
			[]string{`Question "words" is sensitive in version 2 and not in version 1.`}},
		"an option more": {[]string{strings.Replace(mood, "{code: bad,", "{code: fair, label: {en: Fair}}, {code: bad,", 1)},
			[]string{`Question "mood" has the option "fair" only in version 2.`}},
		"an option less": {[]string{strings.Replace(mood, ", {code: calm, label: {en: Calm}}", "", 1)},
			[]string{`Question "mood" has the option "calm" only in version 1.`}},
		"an option in other words": {[]string{strings.Replace(mood, "Bad", "Awful", 1)},
			[]string{`Question "mood" calls the option "bad" “Bad” in version 1 and “Awful” in version 2.`}},
		"an option that counts now": {[]string{strings.Replace(mood, ", aside: true", "", 1)},
			[]string{`Question "mood" counts the option "unsure" as no answer in version 1, and as an answer in version 2.`}},
		"several": {[]string{strings.Replace(strings.Replace(mood, "Your mood", "Mood", 1), "Good", "Fine", 1), strings.Replace(words, "Your words", "Words", 1)},
			[]string{`Question "mood" asks “Your mood” in version 1 and “Mood” in version 2.`,
				`Question "mood" calls the option "good" “Good” in version 1 and “Fine” in version 2.`,
				`Question "words" asks “Your words” in version 1 and “Words” in version 2.`}},
	} {
		if got := CountedTogether(before, load("2", test.questions...)); !slices.Equal(got, test.want) {
			t.Errorf("%s: found\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}

	// The other way round, with the versions where they belong.
	sensitive := load("2", strings.Replace(words, "kind: text", "kind: text, sensitive: true", 1))
	if got := CountedTogether(sensitive, before); !slices.Equal(got, []string{`Question "words" is sensitive in version 2 and not in version 1.`}) {
		t.Errorf("from the newer to the older: %q", got)
	}
	again := load("3", strings.Replace(mood, "Good", "Fine", 1))
	if got := CountedWith([]*Form{before, load("2", mood), again}, again); len(got) != 2 {
		t.Errorf("beside three versions, of which one is the same: %q", got)
	}
	if got := CountedWith([]*Form{before, before}, again); len(got) != 1 {
		t.Errorf("what was said is said again: %q", got)
	}
}

// A scale's words are the words of every question that has it, and a question
// in a group is answered under other names.
func TestCountedTogetherFollowsScalesAndGroups(t *testing.T) {
	t.Parallel()
	scaled := func(good string) *Form {
		return mustLoad(t, define(t, Survey, "scales:\n  grades: [{code: good, label: {en: "+good+"}}, {code: bad, label: {en: Bad}}]",
			"  - id: page\n    title: {en: Page}\n    questions:\n"+
				"      - {id: food, kind: choice, label: {en: The food}, scale: grades}\n      - {id: room, kind: choice, label: {en: The room}, scale: grades}\n"))
	}
	if got := CountedTogether(scaled("Good"), scaled("Fine")); len(got) != 2 || !strings.Contains(got[1], `"room"`) {
		t.Errorf("another word of a scale: %q", got)
	}
	every := loadFile(t, "testdata/every-kind.yaml")
	if got := CountedTogether(every, every); got != nil {
		t.Errorf("a form differs from itself: %q", got)
	}
	alone := *every
	alone.Pages = slices.Clone(every.Pages)
	at := slices.IndexFunc(alone.Pages, func(p Page) bool { return p.Repeats != nil })
	alone.Pages[at].Repeats = nil
	if got := CountedTogether(every, &alone); len(got) != len(alone.Pages[at].Questions) || !strings.Contains(got[0], "each member of a group") {
		t.Errorf("a group that is none any more: %q", got)
	}
}
