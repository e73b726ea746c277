package handlers

import (
	"net/url"
	"strconv"
	"strings"
)

// formAction is what the button that was pressed asks for.
type formAction struct {
	Verb   string // send, check, save, add, remove, change; "" for none of them
	Group  string // of add and remove
	Member int    // of remove
}

// parseAction reads the reserved field "action". No action means send, so that
// a plain post of answers is a submission.
func parseAction(value string) formAction {
	switch value {
	case "", "send":
		return formAction{Verb: "send"}
	case "check", "save", "change":
		return formAction{Verb: value}
	}
	verb, rest, _ := strings.Cut(value, ".")
	if rest == "" {
		return formAction{}
	}
	if verb == "add" {
		return formAction{Verb: verb, Group: rest}
	}
	group, number, found := strings.Cut(rest, ".")
	member, err := strconv.Atoi(number)
	if verb != "remove" || !found || group == "" || err != nil || member < 0 {
		return formAction{}
	}
	return formAction{Verb: verb, Group: group, Member: member}
}

// removeMember takes a member of a group out of what was posted. It must run
// before the answers are parsed: parsing numbers the members anew, and then
// the number on the button may be another's.
func removeMember(posted url.Values, group string, member int) {
	prefix := group + "." + strconv.Itoa(member) + "."
	for name := range posted {
		if strings.HasPrefix(name, prefix) {
			posted.Del(name)
		}
	}
}
