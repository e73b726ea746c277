package handlers

import (
	"slices"
	"strconv"

	"intake/forms"
)

// deskField is a field of the managers' pages, drawn by the components that
// the forms have, with what was typed and what is wrong with it.
func (p *problems) deskField(name, label, hint, value string) Field {
	f := Field{Words: wordsIn("en"), Name: name, Label: label, Value: value, Error: p.byName[name]}
	if hint != "" {
		f.Hint = []paragraph{{{Text: hint}}}
	}
	return f
}

// oneOf asks for one of the options.
func (p *problems) oneOf(name, label, hint, chosen string, options []option) Field {
	f := p.deskField(name, label, hint, chosen)
	f.Component, f.Kind = "radios", forms.KindChoice
	for _, o := range options {
		f.Options = append(f.Options, optionView{Value: o.code, Label: o.label, Checked: o.code == chosen})
	}
	f.DescribedBy = f.describers()
	return f
}

// lines asks for text of several lines, up to most characters.
func (p *problems) lines(name, label, hint, value string, most int) Field {
	f := p.deskField(name, label, hint, value)
	f.Component, f.Kind = "textarea", forms.KindLongText
	f.Max, f.Left = most, "You can write up to "+strconv.Itoa(most)+" characters."
	f.DescribedBy = f.describers()
	return f
}

// severalOf asks for any number of the options.
func (p *problems) severalOf(name, label, hint string, chosen []string, options []option) Field {
	f := p.deskField(name, label, hint, "")
	f.Component, f.Kind = "checkboxes", forms.KindChoices
	for _, o := range options {
		f.Options = append(f.Options, optionView{Value: o.code, Label: o.label, Checked: slices.Contains(chosen, o.code)})
	}
	f.DescribedBy = f.describers()
	return f
}
