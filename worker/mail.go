package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"intake/internal/store"
)

// Mailer sends emails to teams. Its only message is made from a store.Notice,
// which has no room for personal data.
type Mailer struct {
	client  *mail.Client
	from    string
	baseURL string
	clock   *time.Location
}

// mailTimeout bounds one try, so that a hanging mail server holds up one
// worker for no longer.
const mailTimeout = 10 * time.Second

// NewMailer reads PORTAL_SMTP_URL: smtps://USER:PASSWORD@HOST[:465], or
// smtp://USER:PASSWORD@HOST[:587] with STARTTLS, which only a loopback
// address may do without. baseURL is what the link begins with.
func NewMailer(smtpURL, from, baseURL string, clock *time.Location) (*Mailer, error) {
	u, err := url.Parse(smtpURL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("PORTAL_SMTP_URL must be like smtps://USER:PASSWORD@mail.example.org")
	}
	options := []mail.Option{mail.WithTimeout(mailTimeout)}
	if u.Scheme == "smtps" {
		options = append(options, mail.WithSSLPort(false))
	} else if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() || u.Hostname() == "localhost" {
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	} else {
		options = append(options, mail.WithTLSPortPolicy(mail.TLSMandatory))
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		options = append(options, mail.WithPort(port))
	}
	if u.User != nil {
		password, _ := u.User.Password()
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover),
			mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	client, err := mail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, fmt.Errorf("PORTAL_SMTP_URL: %w", err)
	}
	return &Mailer{client: client, from: from, baseURL: strings.TrimSuffix(baseURL, "/"), clock: clock}, nil
}

// mailError marks a failure of the mail server, which is no failure of the job.
type mailError struct{ err error }

func (e *mailError) Error() string { return "send mail: " + e.err.Error() }
func (e *mailError) Unwrap() error { return e.err }

var reasonWords = map[string]string{
	"routed":   "A new referral is waiting for %s.",
	"copied":   "A new referral has gone to another team. It may also be read by %s.",
	"rerouted": "A referral has been passed to %s.",
	"amended":  "More information has arrived about a referral with %s.",
}

// Send sends one notice.
func (m *Mailer) Send(ctx context.Context, n store.Notice) error {
	message := mail.NewMsg()
	if err := errors.Join(message.From(m.from), message.To(n.TeamEmail)); err != nil {
		return &mailError{err}
	}
	subject := fmt.Sprintf("%s %s", n.Priority, n.Reference)
	if n.Demo {
		subject = "[demo] " + subject
	}
	message.Subject(subject)
	message.SetDate()
	message.SetMessageID()
	var body strings.Builder
	fmt.Fprintf(&body, reasonWords[n.Reason], n.TeamName)
	fmt.Fprintf(&body, "\n\nReference: %s\nPriority: %s\n", n.Reference, n.Priority)
	if n.OpenBy != nil {
		fmt.Fprintf(&body, "Open by: %s\n", m.when(*n.OpenBy))
	}
	if n.ScreenBy != nil {
		fmt.Fprintf(&body, "Screen by: %s\n", m.when(*n.ScreenBy))
	}
	fmt.Fprintf(&body, "\nSign in to read it: %s/manage/referrals/%s\n", m.baseURL, n.Reference)
	body.WriteString("\nThis email holds no personal details on purpose. Please do not reply to it.\n")
	message.SetBodyString(mail.TypeTextPlain, body.String())
	if err := m.client.DialAndSendWithContext(ctx, message); err != nil {
		return &mailError{err}
	}
	return nil
}

func (m *Mailer) when(t time.Time) string {
	return t.In(m.clock).Format("15:04 on Monday 2 January 2006")
}
