package handlers

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"intake/forms"
	"intake/internal/routing"
	"intake/internal/store"
)

type routingPage struct {
	base
	Version   int
	Effective string
	InForce   bool
	Hash      string
	Default   string
	Rules     []ruleView
	Cases     int
	Failures  []routing.Finding // of the rule set's own cases
}

// ruleView is one rule in words.
type ruleView struct{ ID, When, Effect string }

// routingPage shows the rules in force, in the order in which they are asked.
func (a *app) routingPage(c *gin.Context) error {
	names, err := a.teamNames(c)
	if err != nil {
		return err
	}
	rules := a.Rules
	page := routingPage{
		base: a.base(c, "How referrals are routed"), Version: rules.Version, Hash: rules.Hash(),
		Effective: dateWords(rules.Effective), InForce: rules.InForce(a.Now()),
		Default: teamName(names, rules.Default), Cases: len(rules.Cases), Failures: rules.Test(a.Calendar),
	}
	page.Nav = "routing"
	for _, rule := range rules.Rules {
		page.Rules = append(page.Rules, ruleView{
			ID: rule.ID, When: conditionWords(rule.When), Effect: effectWords(rule.Then, rule.Stop, names),
		})
	}
	return a.render(c, http.StatusOK, "routing", &page)
}

// teamNames are the names of the teams by slug.
func (a *app) teamNames(c *gin.Context) (map[string]string, error) {
	teams, err := a.Store.Teams(c.Request.Context())
	if err != nil {
		return nil, err
	}
	return namesOf(teams), nil
}

func namesOf(teams []store.Team) map[string]string {
	names := map[string]string{"open_case_team": "the team of the adult’s open case"}
	for _, team := range teams {
		names[team.Slug] = team.Name
	}
	return names
}

func dateWords(d routing.Date) string {
	return strconv.Itoa(d.Day) + " " + d.Month.String() + " " + strconv.Itoa(d.Year)
}

// conditionWords says when a condition holds.
func conditionWords(c forms.Condition) string {
	switch {
	case c.Field != "":
		return leafWords(c)
	case c.All != nil:
		return joinConditions(c.All, " and ")
	case c.Any != nil:
		return joinConditions(c.Any, " or ")
	case c.Not != nil:
		return "not (" + conditionWords(*c.Not) + ")"
	}
	return "always"
}

func joinConditions(all []forms.Condition, word string) string {
	parts := make([]string, len(all))
	for i, c := range all {
		parts[i] = conditionWords(c)
		// Brackets where "and" and "or" would run together.
		if (c.All != nil || c.Any != nil) && len(all) > 1 {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, word)
}

func leafWords(c forms.Condition) string {
	name, calendar := strings.CutPrefix(c.Field, "calendar.")
	name = plainCode(name)
	if calendar {
		name = "the calendar “" + name + "”"
	}
	switch {
	case c.Exists != nil && *c.Exists:
		return name + " is known"
	case c.Exists != nil:
		return name + " is not known"
	case len(c.In) == 1:
		return name + " is " + plainCode(c.In[0])
	case len(c.In) > 0:
		codes := make([]string, len(c.In))
		for i, code := range c.In {
			codes[i] = plainCode(code)
		}
		return name + " is one of " + strings.Join(codes, ", ")
	}
	return name + " is " + plainCode(c.Eq)
}

func plainCode(code string) string { return strings.ReplaceAll(code, "_", " ") }
