package main

import (
	"errors"
	"fmt"
	"slices"

	"intake/forms"
)

type languageCommand struct {
	Code string `arg:"" help:"The language, like pl."`
}

// Run prints the language's file as it should be: what is missing or was made
// from other English has the English above it and no words.
func (l *languageCommand) Run(t terminal) error {
	if l.Code == "en" {
		return errors.New("no file is made for English, from which the others are made: its words are in forms/locales/en.yaml and in the definitions")
	}
	org, err := loadOrganisation("")
	if err != nil {
		return err
	}
	var known []*forms.Form
	for _, id := range forms.BuiltInIDs() {
		source, _ := forms.BuiltIn(id)
		f, err := forms.Load(source, listsOf(org))
		if err != nil {
			return err
		}
		known = append(known, f)
	}
	if _, err := fmt.Fprint(t.out, forms.LocaleFile(l.Code, known...)); err != nil {
		return err
	}
	missing := 0
	for _, finding := range forms.CheckLocales(known...) {
		if finding.Form == "locale "+l.Code {
			missing++
		}
	}
	if slices.Contains(forms.LocaleCodes(), l.Code) {
		_, err = fmt.Fprintf(t.err, "%d texts of the language %s need work.\n", missing, l.Code)
	}
	return err
}
