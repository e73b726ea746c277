// Command portal is the intake portal: its web server, its worker, and the
// commands that set it up and check it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9/logging"
)

// commands are the sub-commands. Each is in the file of its name, but for web,
// worker and health in serve.go and migrate in ledger.go.
type commands struct {
	Dev       devCommand       `cmd:"" help:"Run everything on this machine with nothing to configure: web, worker, PostgreSQL, queue, mail catcher, demo data."`
	Web       webCommand       `cmd:"" help:"Serve the portal. Any number may run."`
	Worker    workerCommand    `cmd:"" help:"Route referrals, tell teams, release responses. Any number may run."`
	Migrate   migrateCommand   `cmd:"" help:"Bring the database schema up to date."`
	Check     checkCommand     `cmd:"" help:"Prove definitions, rule sets and organisation files; exit 1 with the findings."`
	Seed      seedCommand      `cmd:"" help:"Add marked demo data."`
	User      userCommand      `cmd:"" help:"Managers: add, list, disable."`
	Team      teamCommand      `cmd:"" help:"Teams: add, list."`
	Language  languageCommand  `cmd:"" help:"Print a language's file with what is missing in it, to be translated."`
	Wave      waveCommand      `cmd:"" help:"Waves of a survey: open, close, list, publish, accept a newer version."`
	Collector collectorCommand `cmd:"" help:"The ways to a wave: short links and invitations."`
	Keyset    keysetCommand    `cmd:"" help:"The keys that seal personal data: make, rotate."`
	Partner   partnerCommand   `cmd:"" help:"Bearer keys for partner organisations: add, revoke."`
	Health    healthCommand    `cmd:"" help:"Exit 0 if the server at PORTAL_ADDR answers; for container health checks. A worker answers at its PORTAL_ADMIN_ADDR."`
}

func main() {
	// Our own log says when Redis is away; go-redis would say it on standard
	// error in a shape of its own, many times.
	logging.Disable()
	forgetEmptySettings()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// forgetEmptySettings unsets settings that are set to nothing, as files of
// settings do with those that are not given: the default counts for them.
func forgetEmptySettings() {
	for _, setting := range os.Environ() {
		if name, value, _ := strings.Cut(setting, "="); value == "" && strings.HasPrefix(name, "PORTAL_") {
			_ = os.Unsetenv(name) // it fails for names that cannot be set
		}
	}
}

// terminal is the io of a command, so that tests can stand in for the terminal.
type terminal struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// errFindings ends a command whose findings are printed already.
var errFindings = errors.New("findings")

// run is main without the process around it. It returns the exit code: 0 done,
// 1 failed, 2 not understood, 130 interrupted.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	var cli commands
	exit := -1
	parser, err := kong.New(&cli,
		kong.Name("portal"),
		kong.Description("Intake for adult social care: a care worker survey and a safeguarding referral form."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(out, errOut),
		kong.Exit(func(code int) { exit = code }),
	)
	if err != nil {
		_, _ = fmt.Fprintln(errOut, "portal:", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 {
		return exit // help was printed
	}
	if err != nil {
		_, _ = fmt.Fprintf(errOut, "portal: %s. Run `portal --help` for what there is.\n", err)
		return 2
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(terminal{in, out, errOut})
	switch err := parsed.Run(); {
	case err == nil:
		return 0
	case errors.Is(err, errFindings):
		return 1
	case ctx.Err() != nil:
		_, _ = fmt.Fprintln(errOut, "portal: stopped before it was done:", err)
		return 130
	default:
		_, _ = fmt.Fprintln(errOut, "portal:", err)
		return 1
	}
}
