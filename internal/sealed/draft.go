package sealed

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"
)

// DraftKey is what a phrase opens: where its draft is found, and the key that
// the draft is sealed with. The server stores the ID alone, so it can't read
// a draft until its referrer comes back with the words.
type DraftKey struct {
	id   []byte
	aead cipher.AEAD
}

// DraftKey derives the key that a new draft is saved under. It takes about
// 19 MiB and a few hundredths of a second, at most two at once in the
// process; it gives up with ctx while it waits for its turn.
func (k *Keyset) DraftKey(ctx context.Context, phrase Phrase) (DraftKey, error) {
	return k.draftKeyUnder(ctx, k.prfs.PrimaryID, phrase)
}

// DraftKeys derives the key under every indexing key, the primary first: what
// to look for when a referrer comes back, as a draft saved before a Rotate is
// found only under an older one.
func (k *Keyset) DraftKeys(ctx context.Context, phrase Phrase) ([]DraftKey, error) {
	var all []DraftKey
	for _, id := range k.indexingKeys() {
		key, err := k.draftKeyUnder(ctx, id, phrase)
		if err != nil {
			return nil, err
		}
		all = append(all, key)
	}
	return all, nil
}

func (k *Keyset) draftKeyUnder(ctx context.Context, id uint32, phrase Phrase) (DraftKey, error) {
	phrase, err := ParsePhrase(string(phrase))
	if err != nil {
		return DraftKey{}, fmt.Errorf("derive a draft's key: %w", err)
	}
	// The salt has to be the same each time, as the phrase alone must find
	// the draft. Taken from the keyset, it stops a thief of the database
	// from even beginning to guess.
	salt := k.indexUnder(id, "draft_salt", "")
	release, err := hashingTurn(ctx)
	if err != nil {
		return DraftKey{}, fmt.Errorf("derive a draft's key: %w", err)
	}
	derived := argon2.IDKey([]byte(phrase), salt, hashing.Iterations, hashing.Memory, hashing.Parallelism, 32+chacha20poly1305.KeySize)
	release()
	aead, err := chacha20poly1305.NewX(derived[32:])
	if err != nil {
		return DraftKey{}, fmt.Errorf("derive a draft's key: %w", err)
	}
	return DraftKey{id: derived[:32], aead: aead}, nil
}

// ID is what the draft is stored and found by; it tells nothing of the phrase
// or of the key.
func (d DraftKey) ID() []byte { return append([]byte(nil), d.id...) }

// Seal encrypts a draft. The same draft sealed twice differs.
func (d DraftKey) Seal(plain []byte) ([]byte, error) {
	nonce := make([]byte, d.aead.NonceSize(), d.aead.NonceSize()+len(plain)+d.aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("seal a draft: %w", err)
	}
	return d.aead.Seal(nonce, nonce, plain, d.id), nil
}

// Open decrypts what Seal made under the same phrase, or gives ErrUnopened.
func (d DraftKey) Open(sealed []byte) ([]byte, error) {
	if len(sealed) < d.aead.NonceSize() {
		return nil, fmt.Errorf("open a draft: %w", ErrUnopened)
	}
	nonce, body := sealed[:d.aead.NonceSize()], sealed[d.aead.NonceSize():]
	plain, err := d.aead.Open(nil, nonce, body, d.id)
	if err != nil {
		return nil, fmt.Errorf("open a draft: %w", ErrUnopened)
	}
	return plain, nil
}

// Format answers every verb of fmt, so that the key is not printed by accident.
func (d DraftKey) Format(out fmt.State, _ rune) { _, _ = io.WriteString(out, redacted) }

// LogValue keeps the key out of logs.
func (d DraftKey) LogValue() slog.Value { return slog.StringValue(redacted) }
