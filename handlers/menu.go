package handlers

import "strings"

// menuItem is a way to another part of the managers' pages.
type menuItem struct {
	Text, Href string
	Current    bool
}

// menu is what the managers' pages lead to. needs is the action that a role
// must have; "" is for everyone. It only spares people what they may not open:
// the pages themselves decide. {survey} in an address is the survey's id.
var menu = []struct {
	key, text, href string
	needs           action
}{
	{key: "home", text: "Your work", href: "/manage"},
	{"referrals", "Referrals", "/manage/referrals", workReferrals},
	{"waves", "Survey waves", "/manage/surveys/{survey}/waves", runSurveys},
	{"results", "Survey results", "/manage/surveys/{survey}/results", viewResults},
	{"exports", "Files for analysts", "/manage/exports", viewResults},
	{"routing", "Routing", "/manage/routing", viewRouting},
	{"queues", "Queues", "/manage/queues", viewQueues},
	{"audit", "Audit", "/manage/audit", viewAudit},
}

// Menu lists the ways that the signed-in user has.
func (b base) Menu() []menuItem {
	if b.User == nil {
		return nil
	}
	var items []menuItem
	for _, m := range menu {
		if m.needs == "" || can(b.User, m.needs) {
			items = append(items, menuItem{Text: m.text, Href: strings.Replace(m.href, "{survey}", b.survey, 1), Current: m.key == b.Nav})
		}
	}
	return items
}

// Words are the texts that components put in by themselves.
func (b base) Words() words { return wordsIn(b.Lang) }
