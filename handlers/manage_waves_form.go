package handlers

import (
	"strconv"
	"strings"
	"time"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

// What the form for a new wave offers.
const (
	anyone       = "anyone"
	byInvitation = "invitation"
)

var whoOptions = []option{
	{anyone, "Anyone who has the address"},
	{byInvitation, "Only people with an invitation, once each"},
}

var publishOptions = []option{
	{"yes", "Yes, anyone may see them"},
	{"no", "No, only managers"},
}

func (p *problems) newWaveFields(typed map[string]string) []Field {
	return []Field{
		p.line("code", "Name of the wave", "Small letters, digits and hyphens, like 2026-11. It is part of web addresses, so you cannot change it later.", typed["code"], "govuk-input--width-20"),
		p.day("opens", "First day", "For example 27 3 2027. The wave opens when this day begins, at midnight in London, or at once if it is today. Leave it empty to open the wave now.", typed),
		p.day("closes", "Last day", "The wave closes when this day ends, at midnight in London. Then nobody new can start, but answers that phones still hold are taken and counted for 72 hours. You can close it earlier, not later. Leave it empty if you want to close it yourself.", typed),
		p.oneOf("who", "Who may answer?", "You cannot change this later. Where anyone may answer, you can send invitations too. By invitation only, you see how many have answered ten at a time, so that nobody can tell who has.", typed["who"], whoOptions),
		p.oneOf("results", "Should the results be published?", "Small groups are not shown to anybody, managers or not. You can change this at any time.", typed["results"], publishOptions),
	}
}

// line asks for text of one line.
func (p *problems) line(name, label, hint, value, width string) Field {
	f := p.deskField(name, label, hint, value)
	f.Component, f.Kind = "input", forms.KindText
	f.Input = inputView{Type: "text", Width: width}
	f.DescribedBy = f.describers()
	return f
}

// number asks for a whole number.
func (p *problems) number(name, label, hint, value string) Field {
	f := p.line(name, label, hint, value, "govuk-input--width-5")
	f.Input.InputMode = "numeric"
	return f
}

// day asks for a day in three boxes.
func (p *problems) day(name, label, hint string, typed map[string]string) Field {
	f := p.deskField(name, label, hint, "")
	f.Component, f.Kind = "date", forms.KindDate
	for _, part := range []struct{ name, label, width string }{
		{".day", "Day", "govuk-input--width-2"}, {".month", "Month", "govuk-input--width-2"}, {".year", "Year", "govuk-input--width-4"},
	} {
		f.Parts = append(f.Parts, partView{ID: name + part.name, Name: name + part.name, Label: part.label, Width: part.width,
			Value: typed[name+part.name], Wrong: f.Error != ""})
	}
	f.DescribedBy = f.describers()
	return f
}

// addToDay says what is wrong with a day as a whole.
func (p *problems) addToDay(name, message string) {
	p.add(name, message)
	p.Errors[len(p.Errors)-1].Href = "#" + name + ".day" // what can be filled in
}

// checkWave reads the form for a new wave.
func (p *problems) checkWave(typed map[string]string, now time.Time) store.NewWave {
	w := store.NewWave{Code: strings.ToLower(typed["code"]), OpensAt: now,
		ByInvitation: typed["who"] == byInvitation, Published: typed["results"] == "yes"}
	switch {
	case w.Code == "":
		p.add("code", "Enter a name for the wave, like 2026-11")
	case !store.ValidWaveCode(w.Code):
		p.add("code", "Name the wave with small letters, digits and hyphens only, 40 at most, like 2026-11")
	}
	today := routing.DateOf(now).Start()
	opens := p.checkDay("opens", "first day", typed)
	switch {
	case opens == nil:
	case opens.Before(today):
		p.addToDay("opens", "The first day must be today or later")
	case opens.After(today):
		w.OpensAt = *opens
	}
	if last := p.checkDay("closes", "last day", typed); last != nil {
		if last.Before(routing.DateOf(w.OpensAt).Start()) {
			p.addToDay("closes", "The last day must not be before the first day, nor before today")
		}
		closes := last.AddDate(0, 0, 1)
		w.ClosesAt = &closes
	}
	if labelOf(whoOptions, typed["who"]) == typed["who"] {
		p.add("who", "Choose who may answer")
	}
	if labelOf(publishOptions, typed["results"]) == typed["results"] {
		p.add("results", "Choose whether the results should be published")
	}
	return w
}

// checkDay reads the day's three boxes as its first moment in London, nil if
// they are empty or no day.
func (p *problems) checkDay(name, label string, typed map[string]string) *time.Time {
	parts := [3]string{typed[name+".day"], typed[name+".month"], typed[name+".year"]}
	if parts == [3]string{} {
		return nil
	}
	var numbers [3]int
	for i, part := range parts {
		n, err := strconv.Atoi(part)
		if err != nil {
			p.addToDay(name, "The "+label+" must have a day, a month and a year in numbers, like 27 3 2027")
			return nil
		}
		numbers[i] = n
	}
	at := routing.Date{Year: numbers[2], Month: time.Month(numbers[1]), Day: numbers[0]}.Start()
	exists := at.Day() == numbers[0] && int(at.Month()) == numbers[1]
	if !exists || at.Year() < 2000 || at.Year() > 2999 {
		p.addToDay(name, "The "+label+" must be a real day with the year in full, like 27 3 2027")
		return nil
	}
	return &at
}
