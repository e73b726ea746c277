package handlers

import "slices"

// themes are what texts are tagged with, in the order in which they are shown.
// A code stays what it is once a text has it.
var themes = []option{
	{"pay", "Pay"},
	{"hours", "Hours and rotas"},
	{"workload", "Workload and staffing"},
	{"time", "Time to care"},
	{"management", "Management"},
	{"respect", "Respect and being heard"},
	{"travel", "Travel"},
	{"training", "Training and progression"},
	{"safety", "Safety"},
	{"health", "Health and wellbeing"},
	{"housing", "Housing"},
	{"equipment", "Equipment and software"},
	{"praise", "What is good"},
	{"other", "Something else"},
}

// knownThemes are those of the codes that there are, each once, in the order
// of the list.
func knownThemes(codes []string) []string {
	var known []string
	for _, theme := range themes {
		if slices.Contains(codes, theme.code) {
			known = append(known, theme.code)
		}
	}
	return known
}

// themeWords are the words of themes.
func themeWords(codes []string) []string {
	words := make([]string, len(codes))
	for i, code := range codes {
		words[i] = labelOf(themes, code)
	}
	return words
}
