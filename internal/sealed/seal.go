package sealed

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrUnopened is what sealed bytes give that were sealed elsewhere, with
	// other keys, or changed since.
	ErrUnopened = errors.New("the sealed data does not open: it was changed, or sealed with other keys or for another place")
	// ErrExpired is what a genuine token gives after its time.
	ErrExpired = errors.New("the sealed token has expired")
)

// indexBytes is the length of a blind index without its key id.
const indexBytes = 32

// Place says where sealed bytes live; they open nowhere else, so a value
// can't be copied into another row or column by someone who writes to the
// database but lacks the keys.
type Place struct{ Table, Column, Row string }

func (p Place) associated() []byte { return joined("place", p.Table, p.Column, p.Row) }

// Seal encrypts plain for one place. The same bytes sealed twice differ.
func (k *Keyset) Seal(at Place, plain []byte) ([]byte, error) {
	out, err := k.aead.Encrypt(plain, at.associated())
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", at.Table, at.Column, err)
	}
	return out, nil
}

// Open decrypts what Seal made for the same place, or gives ErrUnopened.
func (k *Keyset) Open(at Place, sealed []byte) ([]byte, error) {
	plain, err := k.aead.Decrypt(sealed, at.associated())
	if err != nil {
		// Tink says no more than that it failed, by design.
		return nil, fmt.Errorf("open %s.%s: %w", at.Table, at.Column, ErrUnopened)
	}
	return plain, nil
}

// BlindIndex gives bytes to look value up by without keeping it: the same for
// the same kind, value and primary key, and meaningless without the keys.
// Kinds ("nhs_number", "client_address") are separate worlds. The caller
// brings value into one form first. The first four bytes name the key.
func (k *Keyset) BlindIndex(kind, value string) []byte {
	return k.indexUnder(k.prfs.PrimaryID, kind, value)
}

// BlindIndexes gives the index under every key, the primary first: what to
// look for, as rows written before a Rotate carry an older key's index.
func (k *Keyset) BlindIndexes(kind, value string) [][]byte {
	var all [][]byte
	for _, id := range k.indexingKeys() {
		all = append(all, k.indexUnder(id, kind, value))
	}
	return all
}

func (k *Keyset) indexUnder(id uint32, kind, value string) []byte {
	index, err := k.prfs.PRFs[id].ComputePRF(joined("blind index", kind, value), indexBytes)
	if err != nil {
		// fromHandles has computed one with each key: only a broken library
		// gets here, and no caller could do better than stop.
		panic(fmt.Sprintf("sealed: compute a blind index: %v", err))
	}
	return append(binary.BigEndian.AppendUint32(nil, id), index...)
}

// SealToken makes a short text, fit for a cookie, that opens only for the same
// purpose and, to the second, not after expires.
func (k *Keyset) SealToken(purpose string, plain []byte, expires time.Time) (string, error) {
	body := binary.BigEndian.AppendUint64(nil, uint64(expires.Unix()))
	out, err := k.aead.Encrypt(append(body, plain...), joined("token", purpose))
	if err != nil {
		return "", fmt.Errorf("seal a token for %s: %w", purpose, err)
	}
	return base64.RawURLEncoding.EncodeToString(out), nil
}

// OpenToken reads what SealToken made for the same purpose. A token past its
// time gives ErrExpired, any other fault ErrUnopened.
func (k *Keyset) OpenToken(purpose, token string, now time.Time) ([]byte, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return nil, fmt.Errorf("open a token for %s: %w", purpose, ErrUnopened)
	}
	body, err := k.aead.Decrypt(raw, joined("token", purpose))
	if err != nil || len(body) < 8 {
		return nil, fmt.Errorf("open a token for %s: %w", purpose, ErrUnopened)
	}
	if now.Unix() > int64(binary.BigEndian.Uint64(body)) {
		return nil, fmt.Errorf("open a token for %s: %w", purpose, ErrExpired)
	}
	return body[8:], nil
}

// joined writes parts with their lengths, so that no two lists of parts give
// the same bytes ("ab","c" and "a","bc").
func joined(parts ...string) []byte {
	var out []byte
	for _, part := range parts {
		out = binary.BigEndian.AppendUint64(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}
