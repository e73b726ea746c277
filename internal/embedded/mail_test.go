package embedded

import (
	"fmt"
	"net"
	"net/smtp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wneessen/go-mail"
)

func startMail(t *testing.T) *Mail {
	t.Helper()
	m, err := StartMail(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func TestMailIsCaughtAndDecoded(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	host, portText, err := net.SplitHostPort(m.Addr())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		t.Fatal(err)
	}
	client, err := mail.NewClient(host, mail.WithPort(port), mail.WithTLSPolicy(mail.NoTLS))
	if err != nil {
		t.Fatal(err)
	}
	const subject, body = "Referral SG-7K3M-92QF: priority 1 – open it now, Żółć", "Open it by 14:30.\r\nhttps://example.test/manage?a=b\r\n= Ünïcode and a line that is longer than the seventy-eight characters that emails keep their lines to ="
	message := mail.NewMsg()
	if err := message.From("portal@example.test"); err != nil {
		t.Fatal(err)
	}
	if err := message.To("mid@example.test", "edt@example.test"); err != nil {
		t.Fatal(err)
	}
	message.Subject(subject)
	message.SetBodyString(mail.TypeTextPlain, body)
	message.AddAlternativeString(mail.TypeTextHTML, "<p>In HTML</p>")
	if err := client.DialAndSendWithContext(t.Context(), message); err != nil {
		t.Fatal(err)
	}

	caught := m.Messages()
	if len(caught) != 1 {
		t.Fatalf("caught %d emails", len(caught))
	}
	got := caught[0]
	if got.From != "portal@example.test" || !slices.Equal(got.To, []string{"mid@example.test", "edt@example.test"}) {
		t.Errorf("from %q to %q", got.From, got.To)
	}
	if got.Subject != subject {
		t.Errorf("subject %q", got.Subject)
	}
	if strings.TrimRight(got.Body, "\r\n") != body {
		t.Errorf("body %q", got.Body)
	}
	if !strings.Contains(got.Raw, "In HTML") || got.At.IsZero() {
		t.Errorf("the raw email or its time is missing: %+v", got)
	}
}

func TestMailKeepsTheNewest(t *testing.T) {
	t.Parallel()
	m := startMail(t)
	for i := range keptMessages + 3 {
		text := fmt.Sprintf("Subject: number %d\r\nFrom: <a@example.test>\r\n\r\nHello\r\n", i)
		if err := smtp.SendMail(m.Addr(), nil, "a@example.test", []string{"b@example.test"}, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	caught := m.Messages()
	if len(caught) != keptMessages {
		t.Fatalf("kept %d", len(caught))
	}
	if first, last := caught[0].Subject, caught[len(caught)-1].Subject; first != "number 502" || last != "number 3" {
		t.Errorf("newest %q, oldest %q", first, last)
	}
	if body := strings.TrimSpace(caught[0].Body); body != "Hello" {
		t.Errorf("body %q", body)
	}
}
