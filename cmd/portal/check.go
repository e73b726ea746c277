package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"intake/forms"
	"intake/internal/organisation"
	"intake/internal/routing"
)

type checkCommand struct {
	database
	Files            []string `arg:"" optional:"" help:"Definitions, rule sets and organisation files; everything built in if none."`
	OrganisationFile string   `env:"PORTAL_ORGANISATION_FILE" help:"The organisation whose districts and teams count." placeholder:"FILE"`
	Index            bool     `help:"Check the stored index of every wave at DATABASE_URL against a recount of its responses."`
	Rebuild          bool     `help:"With --index: store the index anew. It is safe while responses come in."`
	Ledger           bool     `help:"Prove a restored ledger at DATABASE_URL: the keys open all that is sealed, and its parts agree. It is safe while the portal serves."`
	Keyset           string   `env:"PORTAL_KEYSET" help:"With --ledger: the sealing keys." placeholder:"KEYS"`
}

// Run proves the files and prints what it finds.
func (c *checkCommand) Run(ctx context.Context, t terminal) error {
	switch {
	case c.Rebuild && !c.Index:
		return errors.New("--rebuild goes with --index")
	case c.Ledger && c.Index:
		return errors.New("--ledger looks at the index too: leave --index out")
	case c.Index:
		return c.checkIndex(ctx, t)
	case c.Ledger:
		return c.checkLedger(ctx, t)
	}
	org, err := loadOrganisation(c.OrganisationFile)
	if err != nil {
		return err
	}
	sources := map[string][]byte{}
	order := c.Files
	for _, file := range c.Files {
		if sources[file], err = os.ReadFile(file); err != nil { //nolint:gosec // the operator names the file
			return err
		}
	}
	if len(c.Files) == 0 {
		for _, id := range forms.BuiltInIDs() {
			sources[id], _ = forms.BuiltIn(id)
			order = append(order, id)
		}
		sources["routing rules"] = routing.BuiltIn()
		order = append(order, "routing rules")
	}
	bad := false
	for _, name := range order {
		findings, summary := prove(sources[name], org)
		if len(findings) == 0 {
			t.say("%s: %s", name, summary)
			continue
		}
		bad = true
		for _, finding := range findings {
			t.say("%s: %s", name, finding)
		}
	}
	if bad {
		return errFindings
	}
	return nil
}

// prove finds out what a source is and what is wrong with it.
func prove(source []byte, org *organisation.Organisation) (findings []string, summary string) {
	var shape struct {
		Pages yaml.Node `yaml:"pages"`
		Rules yaml.Node `yaml:"rules"`
		Teams yaml.Node `yaml:"teams"`
	}
	if err := yaml.Unmarshal(source, &shape); err != nil {
		return []string{fmt.Sprintf("not readable as YAML: %v", err)}, ""
	}
	switch {
	case !shape.Pages.IsZero():
		return proveForm(source, org)
	case !shape.Rules.IsZero():
		return proveRules(source, org)
	case !shape.Teams.IsZero():
		if _, err := organisation.Load(source); err != nil {
			return sentences(err), ""
		}
		return nil, "sound"
	}
	return []string{"neither a definition (pages), nor a rule set (rules), nor an organisation (teams)"}, ""
}

func proveForm(source []byte, org *organisation.Organisation) (findings []string, summary string) {
	f, err := forms.Load(source, listsOf(org))
	if err != nil {
		return sentences(err), ""
	}
	started := time.Now()
	proof := forms.Prove(f)
	for _, finding := range proof.Findings {
		findings = append(findings, finding.Place+": "+finding.Message)
	}
	return findings, fmt.Sprintf("version %d is sound: %s, %.2f s", f.Version, coverage(proof), time.Since(started).Seconds())
}

// coverage tells what the proof of a form covers.
func coverage(proof forms.Proof) string {
	if !proof.Every {
		return fmt.Sprintf("too many sets of visible questions to send each, so each branch was sent from every situation in which it can be taken, %d sets in all", proof.Sets)
	}
	told := fmt.Sprintf("%d sets of visible questions, each sent", proof.Sets)
	if proof.Endings > 0 {
		told += fmt.Sprintf(", and %d at which the form ends without sending", proof.Endings)
	}
	return told
}

func proveRules(source []byte, org *organisation.Organisation) (findings []string, summary string) {
	rules, err := routing.Load(source, org.RoutingNames())
	if err != nil {
		return sentences(err), ""
	}
	for _, finding := range routing.Prove(rules, org.Calendar()) {
		findings = append(findings, finding.Place+": "+finding.Message)
	}
	return findings, fmt.Sprintf("version %d is sound, %d cases pass", rules.Version, len(rules.Cases))
}

// sentences takes joined errors apart.
func sentences(err error) []string {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []string{err.Error()}
	}
	var out []string
	for _, each := range joined.Unwrap() {
		out = append(out, sentences(each)...)
	}
	return out
}
