package sealed

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"sync"

	"github.com/alexedwards/argon2id"
	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

// hashing is the cost of one guess at a password or phrase: 19 MiB, two passes,
// one lane.
var hashing = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hashingTurns bounds what strangers can make the process hash at once, in
// memory as in processor time: a storm of sign-ins waits its turn.
var hashingTurns = semaphore.NewWeighted(2)

func hashingTurn(ctx context.Context) (release func(), err error) {
	if err := hashingTurns.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("wait for a turn to hash: %w", err)
	}
	return func() { hashingTurns.Release(1) }, nil
}

// HashPassword gives the argon2id hash to store, with its parameters and salt.
// It gives up with ctx while it waits for its turn.
func HashPassword(ctx context.Context, password string) (string, error) {
	release, err := hashingTurn(ctx)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	defer release()
	hash, err := argon2id.CreateHash(password, hashing)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// PasswordMatches compares in constant time. A wrong password is false, nil; a
// hash that isn't one is an error.
func PasswordMatches(ctx context.Context, password, hash string) (bool, error) {
	release, err := hashingTurn(ctx)
	if err != nil {
		return false, fmt.Errorf("check a password: %w", err)
	}
	defer release()
	matches, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("check a password: %w", err)
	}
	return matches, nil
}

// DummyHash is a hash that no known password matches and that costs as much
// as a real one: compare with it when there is no such person, so that the
// time of the answer doesn't tell who has an account.
var DummyHash = sync.OnceValue(func() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		hashing.Memory, hashing.Iterations, hashing.Parallelism,
		randomText(hashing.SaltLength), randomText(hashing.KeyLength))
})

// randomText gives that many random bytes in the encoding of such hashes.
func randomText(bytes uint32) string {
	raw := make([]byte, bytes)
	// It never fails: the runtime stops the process where there is no
	// randomness.
	_, _ = rand.Read(raw)
	return base64.RawStdEncoding.EncodeToString(raw)
}
