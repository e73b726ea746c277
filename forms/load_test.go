package forms

import (
	"strings"
	"testing"
)

// define is a definition with the given parts, each indented as in a file.
func define(t *testing.T, kind FormKind, top, pages string) string {
	t.Helper()
	return "id: test\nversion: 1\nkind: " + string(kind) + "\ntitle: {en: Test}\nlanguages: [en]\n" + top + "\npages:\n" + pages
}

// ask is a definition with one page of these questions, one a line.
func ask(t *testing.T, questions ...string) string {
	t.Helper()
	page := "  - id: page\n    title: {en: Page}\n    questions:\n"
	for _, q := range questions {
		page += "      - " + q + "\n"
	}
	return define(t, Survey, "", page)
}

const (
	colours = `options: [{code: red, label: {en: Red}}, {code: blue, label: {en: Blue}}]`
	colour  = `{id: colour, kind: choice, label: {en: Colour}, ` + colours + `}`
)

func TestLoadFillsIn(t *testing.T) {
	t.Parallel()
	f := loadFile(t, "testdata/every-kind.yaml")
	codes := func(id string) string {
		var out []string
		for _, o := range f.Question(id).Options {
			out = append(out, o.Code)
		}
		return strings.Join(out, " ")
	}
	for id, want := range map[string]string{
		"age":   "adult child both",
		"moved": "yes no unknown",
		"sorts": "fall theft other unknown",
		"district": "basildon braintree brentwood castle_point chelmsford colchester epping_forest harlow " +
			"maldon rochford tendring uttlesford elsewhere unknown",
	} {
		if got := codes(id); got != want {
			t.Errorf("%s has the options %s, want %s", id, got, want)
		}
	}
	unknown := f.Question("sorts").Option("unknown")
	if !unknown.Aside || !unknown.Excludes || unknown.Label.In("en") != "Not known" {
		t.Errorf("the added option is %+v", *unknown)
	}
	if f.Question("moved").Option("unknown").Excludes {
		t.Error("an option of a single answer excludes others")
	}
	if got := f.Question("moved_why").When.JSON(); got != `{"field":"moved","eq":"yes"}` {
		t.Errorf("the named condition became %s", got)
	}
	if got := f.Question("full_name").Max; got != 200 {
		t.Errorf("the default limit is %d", got)
	}
	if got := f.Question("looks").Max; got != 20 {
		t.Errorf("the definition's limit became %d", got)
	}
	if f.PageOf("hurt").ID != "events" || f.Question("hurt").ID != "hurt" {
		t.Error("a question of a group is not found by its id")
	}
	if f.Question("nobody") != nil || f.PageOf("nobody") != nil {
		t.Error("a question that does not exist is found")
	}
	if len(f.Hash()) != 64 {
		t.Errorf("the hash is %q", f.Hash())
	}
}

func TestLoadAddsPreferNotToSay(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, ask(t,
		`{id: a, kind: choice, label: {en: A}, sensitive: true, `+colours+`}`,
		`{id: b, kind: choices, label: {en: B}, sensitive: true, `+colours+`}`,
		`{id: c, kind: choice, label: {en: C}, sensitive: true, options: [{code: x, label: {en: X}}, {code: y, label: {en: Y}}, {code: prefer_not_to_say, label: {en: Rather not}, aside: true}]}`,
		`{id: d, kind: text, label: {en: D}, sensitive: true}`,
		colour,
	))
	if o := f.Question("a").Option("prefer_not_to_say"); o == nil || !o.Aside || o.Excludes || o.Label["en"] != "Prefer not to say" {
		t.Errorf("a single answer has %+v", o)
	}
	if o := f.Question("b").Option("prefer_not_to_say"); o == nil || !o.Excludes {
		t.Errorf("several answers have %+v", o)
	}
	if q := f.Question("c"); len(q.Options) != 3 || q.Option("prefer_not_to_say").Label["en"] != "Rather not" {
		t.Errorf("the definition's own words were replaced: %+v", q.Options)
	}
	if f.Question("d").Options != nil || len(f.Question("colour").Options) != 2 {
		t.Error("a question that is open or not sensitive got an option")
	}
}

func TestScalesAreNotShared(t *testing.T) {
	t.Parallel()
	f := mustLoad(t, define(t, Survey, "scales: {s: [{code: a, label: {en: A}}, {code: b, label: {en: B}}]}",
		`  - id: page
    title: {en: Page}
    questions:
      - {id: one, kind: choice, label: {en: One}, scale: s, sensitive: true}
      - {id: two, kind: choice, label: {en: Two}, scale: s, options: [{code: c, label: {en: C}}]}
`))
	if one := f.Question("one").Options; len(one) != 3 || one[2].Code != "prefer_not_to_say" {
		t.Errorf("the first question has %v", one)
	}
	if two := f.Question("two").Options; len(two) != 3 || two[2].Code != "c" {
		t.Errorf("the second question has %v", two)
	}
}

func mustLoad(t testing.TB, source string) *Form {
	t.Helper()
	f, err := Load([]byte(source), demoLists())
	if err != nil {
		t.Fatalf("%v\nin\n%s", err, source)
	}
	return f
}

// TestLoadRefuses has one definition for each fault.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	group := func(repeats string) string {
		return define(t, Survey, "", "  - id: page\n    title: {en: Page}\n    repeats: "+repeats+"\n    questions:\n      - "+colour+"\n")
	}
	good := `{group: things, min: 0, max: 3, item: {en: Thing}, add: {en: Add}}`
	mustLoad(t, group(good))
	twoPages := func(first, second string) string {
		return define(t, Survey, "", "  - id: one\n    title: {en: One}\n"+first+"\n  - id: two\n    title: {en: Two}\n"+second+"\n")
	}
	for name, c := range map[string]struct{ source, want string }{
		"empty":                       {"", "the definition is empty"},
		"not YAML":                    {"id: [", "read the definition"},
		"wrong type":                  {"id: test\nversion: soon\n", "line 2"},
		"two documents":               {ask(t, colour) + "---\nid: more\n", "one YAML document"},
		"unknown key of the form":     {"colour: red\n" + ask(t, colour), `line 1: the key "colour" means nothing here`},
		"unknown key of a question":   {ask(t, `{id: a, kind: text, lable: {en: A}}`), `the key "lable" means nothing here`},
		"unknown key of an option":    {ask(t, `{id: a, kind: choice, label: {en: A}, options: [{cod: x}]}`), `the key "cod" means nothing here`},
		"unknown key of a condition":  {ask(t, colour, `{id: a, kind: text, label: {en: A}, when: {field: colour, equals: red}}`), `unknown key "equals"`},
		"key twice":                   {"id: test\n" + ask(t, colour), "already defined"},
		"form id":                     {strings.Replace(ask(t, colour), "id: test", "id: Test_1", 1), "joined by hyphens"},
		"version":                     {strings.Replace(ask(t, colour), "version: 1", "version: 0", 1), "version must be 1 or more"},
		"form kind":                   {strings.Replace(ask(t, colour), "kind: survey", "kind: quiz", 1), `not "quiz"`},
		"no English":                  {strings.Replace(ask(t, colour), "languages: [en]", "languages: [pl]", 1), "must include en"},
		"no title":                    {strings.Replace(ask(t, colour), "title: {en: Test}", "title: {pl: Test}", 1), "the title has no English words"},
		"no pages":                    {strings.Split(ask(t, colour), "pages:")[0] + "pages: []\n", "there are no pages"},
		"page id twice":               {define(t, Survey, "", "  - {id: a, title: {en: A}}\n  - {id: a, title: {en: A}}\n"), `page id "a" is used twice`},
		"page id":                     {define(t, Survey, "", "  - {id: a-b, title: {en: A}}\n"), "snake_case"},
		"page part":                   {define(t, Survey, "", "  - {id: a, title: {en: A}, part: secret}\n"), `no part "secret"`},
		"ending that asks":            {twoPages("    ends: true\n    questions:\n      - "+colour, ""), "ends the form cannot ask"},
		"question id twice":           {ask(t, colour, colour), `id "colour" is used twice`},
		"question id":                 {ask(t, `{id: Colour, kind: text, label: {en: A}}`), "snake_case"},
		"question id with a dot":      {ask(t, `{id: colour.other, kind: text, label: {en: A}}`), "snake_case"},
		"no question id":              {ask(t, `{kind: text, label: {en: A}}`), "snake_case"},
		"reserved id action":          {ask(t, `{id: action, kind: text, label: {en: A}}`), `"action" is reserved`},
		"reserved id lang":            {ask(t, `{id: lang, kind: text, label: {en: A}}`), `"lang" is reserved`},
		"reserved id submission_key":  {ask(t, `{id: submission_key, kind: text, label: {en: A}}`), "is reserved"},
		"kind":                        {ask(t, `{id: a, kind: slider, label: {en: A}}`), `no kind of question "slider"`},
		"label":                       {ask(t, `{id: a, kind: text}`), "the label has no English words"},
		"options on text":             {ask(t, `{id: a, kind: text, label: {en: A}, `+colours+`}`), "options means nothing for the kind text"},
		"estimated on text":           {ask(t, `{id: a, kind: text, label: {en: A}, estimated: true}`), "estimated means nothing"},
		"max on a phone":              {ask(t, `{id: a, kind: phone, label: {en: A}, max: 3}`), "max means nothing"},
		"negative max":                {ask(t, `{id: a, kind: text, label: {en: A}, max: -1}`), "must not be negative"},
		"not_known on a choice":       {ask(t, `{id: a, kind: choice, label: {en: A}, not_known: true, `+colours+`}`), "not_known means nothing"},
		"no options":                  {ask(t, `{id: a, kind: choice, label: {en: A}}`), "at least two options"},
		"one option":                  {ask(t, `{id: a, kind: choice, label: {en: A}, sensitive: true, options: [{code: x, label: {en: X}}]}`), "at least two options"},
		"option twice":                {ask(t, `{id: a, kind: choice, label: {en: A}, options: [{code: x, label: {en: X}}, {code: x, label: {en: Y}}]}`), `option "x" is used twice`},
		"option code":                 {ask(t, `{id: a, kind: choice, label: {en: A}, options: [{code: "A b", label: {en: X}}, {code: x, label: {en: Y}}]}`), `the code "A b"`},
		"option label":                {ask(t, `{id: a, kind: choice, label: {en: A}, options: [{code: w}, {code: x, label: {en: Y}}]}`), `the option "w" has no English words`},
		"excludes in a single answer": {ask(t, `{id: a, kind: choice, label: {en: A}, options: [{code: w, label: {en: W}, excludes: true}, {code: x, label: {en: Y}}]}`), "cannot exclude"},
		"scale":                       {ask(t, `{id: a, kind: choice, label: {en: A}, scale: g5}`), `no scale "g5"`},
		"list":                        {ask(t, `{id: a, kind: choice, label: {en: A}, options_from: planets}`), `no list "planets"`},
		"positive":                    {ask(t, `{id: a, kind: choice, label: {en: A}, positive: [green], `+colours+`}`), `positive names "green"`},
		"help":                        {ask(t, `{id: a, kind: choice, label: {en: A}, help: [{when: [green], text: {en: Help}}], `+colours+`}`), `help names "green"`},
		"two headlines":               {ask(t, `{id: a, kind: text, label: {en: A}, headline: true}`, `{id: b, kind: text, label: {en: B}, headline: true}`), "only one question can be the headline"},
		"unknown rule":                {ask(t, `{id: a, kind: text, label: {en: A}, validate: sparkles}`), `the rule "sparkles" cannot be used`},
		"rule's parameter":            {ask(t, `{id: a, kind: text, label: {en: A}, validate: "email,min=many", messages: {email: {en: E}, min: {en: M}}}`), `the rule "min=many" cannot be used`},
		"rule without a message":      {ask(t, `{id: a, kind: text, label: {en: A}, validate: min=3}`), `the rule "min" has no message`},
		"message for no rule":         {ask(t, `{id: a, kind: text, label: {en: A}, messages: {too_many: {en: M}}}`), `a message for "too_many" is never shown`},
		"dangling field":              {ask(t, `{id: a, kind: text, label: {en: A}, when: {field: coluor, eq: red}}`), `names "coluor", which no question has`},
		"dangling field in required":  {ask(t, `{id: a, kind: text, label: {en: A}, required: {not: {field: b, exists: true}}}`), `names "b", which no question has`},
		"condition on say what":       {ask(t, colour, `{id: a, kind: text, label: {en: A}, when: {field: colour.other, exists: true}}`), `names "colour.other", which no question has`},
		"code that is no option":      {ask(t, colour, `{id: a, kind: text, label: {en: A}, when: {field: colour, eq: rde}}`), `"rde", which is none of its options`},
		"code in a list":              {ask(t, colour, `{id: a, kind: text, label: {en: A}, when: {field: colour, in: [red, gold]}}`), `"gold", which is none of its options`},
		"comparing open text":         {ask(t, `{id: b, kind: text, label: {en: B}}`, `{id: a, kind: text, label: {en: A}, when: {field: b, eq: x}}`), "can only test that it exists"},
		"named condition":             {ask(t, `{id: a, kind: text, label: {en: A}, when: {is: danger}}`), `no condition "danger"`},
		"named condition, unused":     {define(t, Survey, "conditions: {c: {field: gone, eq: x}}", "  - {id: a, title: {en: A}}\n"), `names "gone"`},
		"named conditions in circles": {define(t, Survey, "conditions: {c: {is: d}, d: {not: {is: c}}}", "  - {id: a, title: {en: A}}\n"), "round in circles"},
		"looking at itself":           {ask(t, `{id: a, kind: text, label: {en: A}, when: {field: a, exists: true}}`), "may only look back"},
		"looking ahead":               {ask(t, `{id: a, kind: text, label: {en: A}, when: {field: colour, eq: red}}`, colour), "may only look back"},
		"looking in a circle": {ask(t, `{id: a, kind: text, label: {en: A}, when: {field: b, exists: true}}`,
			`{id: b, kind: text, label: {en: B}, when: {field: a, exists: true}}`), "may only look back"},
		"page looking at itself":   {twoPages("", "    when: {field: colour, eq: red}\n    questions:\n      - "+colour), "may only look back"},
		"requiring itself":         {ask(t, `{id: a, kind: text, label: {en: A}, required: {not: {field: a, exists: true}}}`), "cannot depend on that answer"},
		"group max":                {group(`{group: things, min: 0, max: 0, item: {en: Thing}, add: {en: Add}}`), "a group repeats from"},
		"group min over max":       {group(`{group: things, min: 4, max: 3, item: {en: Thing}, add: {en: Add}}`), "a group repeats from"},
		"group of too many":        {group(`{group: things, min: 0, max: 1000, item: {en: Thing}, add: {en: Add}}`), "a group repeats from"},
		"group item":               {group(`{group: things, min: 0, max: 3, add: {en: Add}}`), "name of one item"},
		"group add":                {group(`{group: things, min: 0, max: 3, item: {en: Thing}}`), "button for another"},
		"group id":                 {group(`{group: Things, min: 0, max: 3, item: {en: Thing}, add: {en: Add}}`), "snake_case"},
		"group id reserved":        {group(`{group: action, min: 0, max: 3, item: {en: Thing}, add: {en: Add}}`), "reserved"},
		"group id as a question's": {group(`{group: colour, min: 0, max: 3, item: {en: Thing}, add: {en: Add}}`), `id "colour" is used twice`},
		"group of nothing":         {define(t, Survey, "", "  - id: page\n    title: {en: Page}\n    repeats: "+good+"\n"), "a group needs questions"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := Load([]byte(c.source), demoLists())
			if err == nil {
				t.Fatalf("it loads, but should not, since %s", c.want)
			}
			if f != nil {
				t.Error("a form comes with the fault")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got\n%v\nwant a fault with\n%s", err, c.want)
			}
		})
	}
}

func TestLoadReportsAllFaults(t *testing.T) {
	t.Parallel()
	_, err := Load([]byte(ask(t, `{id: a, kind: slider, label: {en: A}}`, `{id: B, kind: text}`)), nil)
	if err == nil {
		t.Fatal("it loads")
	}
	for _, want := range []string{`question "a": there is no kind`, `question "B": the id "B" must be`, `question "B": the label has no English`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}
