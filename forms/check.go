package forms

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	validSlug = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	validID   = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	validCode = regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	// reserved are the names on the wire that belong to the journey.
	reserved = []string{"submission_key", "lang", "action"}
)

// maxMembers bounds what a definition may ask of one group.
const maxMembers = 100

// unique faults on the second use of a name.
func (c *checker) unique(seen map[string]bool, name, place, what string) {
	if seen[name] {
		c.fault(place, "%s %q is used twice", what, name)
	}
	seen[name] = true
}

func (c *checker) checkForm() {
	f := c.form
	if !validSlug.MatchString(f.ID) {
		c.fault("form", "the id %q must be words in small letters, joined by hyphens", f.ID)
	}
	place := fmt.Sprintf("form %q", f.ID)
	if f.Version < 1 {
		c.fault(place, "the version must be 1 or more")
	}
	if f.Kind != Survey && f.Kind != Referral {
		c.fault(place, "the kind must be survey or referral, not %q", f.Kind)
	}
	if !slices.Contains(f.Languages, "en") {
		c.fault(place, "the languages must include en, which stands in for what others lack")
	}
	c.words(place, "title", f.Title)
	if len(f.Pages) == 0 {
		c.fault(place, "there are no pages")
	}
	pages, names, headlines := map[string]bool{}, map[string]bool{}, 0
	for i := range f.Pages {
		page := &f.Pages[i]
		place := fmt.Sprintf("page %q", page.ID)
		c.checkID(place, page.ID, nil)
		c.unique(pages, page.ID, place, "page id")
		c.checkPage(place, page, names)
		for j := range page.Questions {
			q := &page.Questions[j]
			c.checkID(placeOf(q), q.ID, reserved)
			c.unique(names, q.ID, placeOf(q), "id")
			c.checkQuestion(q)
			if q.Headline {
				headlines++
			}
		}
	}
	if headlines > 1 {
		c.fault(place, "only one question can be the headline")
	}
}

func (c *checker) checkID(place, id string, reserved []string) {
	if !validID.MatchString(id) {
		c.fault(place, "the id %q must be snake_case: small letters and digits, joined by underscores", id)
	}
	if slices.Contains(reserved, id) {
		c.fault(place, "the id %q is reserved", id)
	}
}

// words faults on a text that has no English.
func (c *checker) words(place, what string, text Text) {
	if strings.TrimSpace(text["en"]) == "" {
		c.fault(place, "the %s has no English words", what)
	}
}

func (c *checker) checkPage(place string, page *Page, names map[string]bool) {
	c.words(place, "title", page.Title)
	if page.Part != PartRest && page.Part != PartReporter {
		c.fault(place, "there is no part %q", page.Part)
	}
	if page.Ends && len(page.Questions) > 0 {
		c.fault(place, "a page that ends the form cannot ask questions")
	}
	r := page.Repeats
	if r == nil {
		return
	}
	c.checkID(place, r.Group, reserved)
	c.unique(names, r.Group, place, "id")
	if r.Min < 0 || r.Max < 1 || r.Min > r.Max || r.Max > maxMembers {
		c.fault(place, "a group repeats from min (0 or more) to max (at least 1 and min, at most %d) times", maxMembers)
	}
	if len(page.Questions) == 0 {
		c.fault(place, "a group needs questions")
	}
	c.words(place, "name of one item", r.Item)
	c.words(place, "button for another", r.Add)
}

func (c *checker) checkQuestion(q *Question) {
	place := placeOf(q)
	c.words(place, "label", q.Label)
	k := kinds[q.Kind]
	if k == nil {
		c.fault(place, "there is no kind of question %q; the kinds are %s", q.Kind, joinKinds())
		return
	}
	for _, misplaced := range []struct {
		set  bool
		key  string
		need bool
	}{
		{len(q.Options) > 0, "options", k.closed},
		{q.Scale != "", "scale", k.closed},
		{q.List != "", "options_from", k.closed},
		{q.NoUnknown, "no_unknown", k.closed},
		{q.MapsTo != "", "maps_to", k.closed},
		{len(q.Positive) > 0, "positive", k.closed},
		{len(q.Help) > 0, "help", k.closed},
		{q.NotKnown, "not_known", !k.closed},
		{q.Validate != "", "validate", !k.closed},
		{q.Estimated, "estimated", q.Kind == KindDate},
		{q.Max != 0, "max", k.max > 0 || k.several},
	} {
		if misplaced.set && !misplaced.need {
			c.fault(place, "%s means nothing for the kind %s", misplaced.key, q.Kind)
		}
	}
	if q.Max < 0 {
		c.fault(place, "max must not be negative")
	}
	c.checkOptions(q, k)
	allowed := append(slices.Clone(k.rules), c.checkTags(q)...)
	for _, rule := range slices.Sorted(maps.Keys(q.Messages)) {
		if !slices.Contains(allowed, rule) {
			c.fault(place, "a message for %q is never shown; the rules are %s", rule, strings.Join(allowed, ", "))
		}
		c.words(place, "message for "+rule, q.Messages[rule])
	}
}

func joinKinds() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

func (c *checker) checkOptions(q *Question, k *kind) {
	if !k.closed {
		return
	}
	place := placeOf(q)
	choices := 0
	codes := map[string]bool{}
	for _, option := range q.Options {
		if !validCode.MatchString(option.Code) {
			c.fault(place, "the code %q must be small letters and digits, joined by underscores", option.Code)
		}
		c.unique(codes, option.Code, place, "option")
		c.words(place, fmt.Sprintf("option %q", option.Code), option.Label)
		if option.Excludes && !k.several {
			c.fault(place, "option %q cannot exclude others where only one is chosen", option.Code)
		}
		if !option.Aside {
			choices++
		}
	}
	if choices < 2 && !(k.several && choices == 1) {
		c.fault(place, "there must be at least two options to choose from")
	}
	for _, code := range q.Positive {
		if !codes[code] {
			c.fault(place, "positive names %q, which is no option", code)
		}
	}
	for _, help := range q.Help {
		c.words(place, "help", help.Text)
		if help.URL != "" {
			c.words(place, "link of the help", help.Link)
		}
		for _, code := range help.When {
			if !codes[code] {
				c.fault(place, "help names %q, which is no option", code)
			}
		}
	}
}

// checkTags tries each validator tag by itself, since the library panics on
// one that it does not know, or whose parameter it cannot use, only when a
// value gets that far. It returns the tags' names.
func (c *checker) checkTags(q *Question) []string {
	if q.Validate == "" {
		return nil
	}
	var names []string
	for tag := range strings.SplitSeq(q.Validate, ",") {
		if fault := tryTag(tag); fault != "" {
			c.fault(placeOf(q), "the rule %q cannot be used: %s", tag, fault)
			continue
		}
		// The library reports a tag by its name, but alternatives as written.
		name := tag
		if !strings.Contains(tag, "|") {
			name, _, _ = strings.Cut(tag, "=")
		}
		names = append(names, name)
		if messageOf(english, q.Kind, name) == "" && q.Messages[name].In("en") == "" {
			c.fault(placeOf(q), "the rule %q has no message", name)
		}
	}
	return names
}

func tryTag(tag string) (fault string) {
	defer func() {
		if r := recover(); r != nil {
			fault = fmt.Sprint(r)
		}
	}()
	clock{"2000-01-01"}.broken("1950-02-01", tag)
	return ""
}

// checkConditions checks what the conditions name. A condition that shows or
// hides may only look back: so nothing can go round in circles, and what is
// asked never depends on what has not been asked yet. Whether an answer is
// required may depend on any other ("name or description").
func (c *checker) checkConditions() {
	next := 0
	for i := range c.form.plan.pages {
		compiled := &c.form.plan.pages[i]
		c.checkCondition(fmt.Sprintf("page %q", compiled.page.ID), compiled.page.When, next)
		for _, n := range compiled.nodes {
			next = n.index + 1
			c.checkCondition(placeOf(n.question), n.question.When, n.index)
			if n.question.Required == nil {
				continue
			}
			c.checkCondition(placeOf(n.question), *n.question.Required, len(c.form.plan.byID))
			if slices.Contains(n.question.Required.Fields(), n.question.ID) {
				c.fault(placeOf(n.question), "whether an answer is required cannot depend on that answer")
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.form.Conditions)) {
		c.checkCondition(fmt.Sprintf("condition %q", name), c.form.Conditions[name], len(c.form.plan.byID))
	}
}

func (c *checker) checkCondition(place string, condition Condition, before int) {
	condition.walk(func(leaf Condition) {
		n := c.form.plan.byID[leaf.Field]
		if n == nil {
			c.fault(place, "the condition names %q, which no question has as its id", leaf.Field)
			return
		}
		if n.index >= before {
			c.fault(place, "the condition names %q, which is not asked before it: conditions may only look back", leaf.Field)
		}
		for _, code := range append(slices.Clone(leaf.In), leaf.Eq) {
			switch {
			case code == "":
			case !n.kind.closed:
				c.fault(place, "the condition compares %q, an open question, with %q; it can only test that it exists", leaf.Field, code)
			case n.question.Option(code) == nil:
				c.fault(place, "the condition compares %q with %q, which is none of its options", leaf.Field, code)
			}
		}
	})
}
