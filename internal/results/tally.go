// Package results turns released responses into figures that may be shown.
// Counting and disclosure control belong inside, and nothing else: it knows no
// database and no page. Raw counts never leave it; Disclose is the only door.
package results

import "intake/forms"

// Tally counts the released responses of a wave. It is not safe for use by
// several goroutines at once.
type Tally struct {
	form      *forms.Form
	released  int
	questions []*counts // in the order in which they are asked
	byName    map[string]*counts
}

// counts are what people said to one question. A person who answered is in
// the base unless all they said is an aside ("prefer not to say", "unsure").
type counts struct {
	question *forms.Question
	branch   bool // not everyone is asked
	asked    int
	answered int
	base     int
	options  map[string]int
}

// NewTally makes an empty tally for responses to that form. Questions of a
// repeating page are left out: they have no one base.
func NewTally(form *forms.Form) *Tally {
	t := &Tally{form: form, byName: map[string]*counts{}}
	for i := range form.Pages {
		page := &form.Pages[i]
		if page.Repeats != nil {
			continue
		}
		for j := range page.Questions {
			question := &page.Questions[j]
			c := &counts{
				question: question,
				branch:   !page.When.Always() || !question.When.Always(),
				options:  map[string]int{},
			}
			t.questions = append(t.questions, c)
			t.byName[question.ID] = c
		}
	}
	return t
}

// Add counts one released response, whose answers are valid and stripped.
func (t *Tally) Add(answers forms.Answers) {
	t.released++
	for _, step := range t.form.Visible(answers) {
		for _, asked := range step.Asked {
			if c := t.byName[asked.Name]; c != nil {
				c.add(answers[asked.Name])
			}
		}
	}
}

func (c *counts) add(values []string) {
	c.asked++
	if len(values) == 0 {
		return
	}
	c.answered++
	inBase := false
	for _, value := range values {
		c.options[value]++
		option := c.question.Option(value)
		inBase = inBase || option != nil && !option.Aside
	}
	if inBase {
		c.base++
	}
}
