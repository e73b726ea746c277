package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"mime"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/wneessen/go-mail"
)

// Message is one email as the catcher got it. From and To are what was said on
// the way, whatever its headers say; Body is its plain text, decoded; Raw is
// all of it, as it came.
type Message struct {
	At      time.Time
	From    string
	To      []string
	Subject string
	Body    string
	Raw     string
}

const (
	keptMessages = 500
	messageBytes = 1 << 20
)

// Mail catches the emails that are sent to it instead of delivering them, and
// keeps the newest 500 in memory.
type Mail struct {
	addr   string
	server *smtp.Server
	ended  chan struct{}

	mu       sync.Mutex
	messages []Message // the oldest first
}

// StartMail starts the catcher on a free port of this machine. ctx bounds the
// start only.
func StartMail(ctx context.Context) (*Mail, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the catcher of emails: %w", err)
	}
	m := &Mail{addr: listener.Addr().String(), ended: make(chan struct{})}
	m.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &mailSession{mail: m}, nil
	}))
	m.server.Domain = "localhost"
	m.server.ErrorLog = log.New(io.Discard, "", 0) // a client that hangs up is no news
	m.server.MaxMessageBytes = messageBytes
	m.server.ReadTimeout = 30 * time.Second
	m.server.WriteTimeout = 30 * time.Second
	go func() {
		defer close(m.ended)
		// It returns when Stop closes the server; other faults concern one
		// connection only.
		_ = m.server.Serve(listener)
	}()
	return m, nil
}

// Addr is HOST:PORT.
func (m *Mail) Addr() string { return m.addr }

// URL is the address as PORTAL_SMTP_URL takes it: plain SMTP, no sign-in.
func (m *Mail) URL() string { return "smtp://" + m.addr }

// Messages lists what was caught, the newest first.
func (m *Mail) Messages() []Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	newest := slices.Clone(m.messages)
	slices.Reverse(newest)
	return newest
}

// Stop ends the catcher, with its connections.
func (m *Mail) Stop() error {
	if err := m.server.Close(); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("stop the catcher of emails: %w", err)
	}
	<-m.ended
	return nil
}

func (m *Mail) keep(message Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = append(m.messages, message)
	if over := len(m.messages) - keptMessages; over > 0 {
		m.messages = slices.Delete(m.messages, 0, over)
	}
}

// mailSession is one connection; a Message builds up in it.
type mailSession struct {
	mail *Mail
	from string
	to   []string
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read an email: %w", err)
	}
	message := Message{At: time.Now(), From: s.from, To: slices.Clone(s.to), Raw: string(raw)}
	if err := message.parse(); err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "This is not a readable email"}
	}
	s.mail.keep(message)
	return nil
}

// parse fills in Subject and Body from Raw.
func (m *Message) parse() error {
	parsed, err := mail.EMLToMsgFromString(m.Raw)
	if err != nil {
		return err
	}
	if subject := parsed.GetGenHeader(mail.HeaderSubject); len(subject) > 0 {
		if m.Subject, err = new(mime.WordDecoder).DecodeHeader(subject[0]); err != nil {
			return err
		}
	}
	for _, part := range parsed.GetParts() {
		if part.GetContentType() != mail.TypeTextPlain {
			continue
		}
		content, err := part.GetContent()
		if err != nil {
			return err
		}
		m.Body += string(content)
	}
	return nil
}

func (s *mailSession) Reset() { s.from, s.to = "", nil }

func (s *mailSession) Logout() error { return nil }
