package handlers

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/google/uuid"
)

// requestHeader carries the number by which a request is found in the log, from
// a proxy that gave it one, and to whoever asked.
const requestHeader = "X-Request-Id"

type requestKey struct{}

// requestID is the number of the request that the context belongs to.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// numbered gives the request a number of its own, and tells it to whoever asked.
// Only a proxy of ours is believed about one, and only a UUID: anything else
// could carry a stranger's words into the log.
func (a *app) numbered(ctx context.Context, w http.ResponseWriter, r *http.Request) context.Context {
	id := uuid.NewString()
	if given := r.Header.Get(requestHeader); len(given) == len(id) && a.fromProxy(r) {
		if parsed, err := uuid.Parse(given); err == nil {
			id = parsed.String()
		}
	}
	w.Header().Set(requestHeader, id)
	return context.WithValue(ctx, requestKey{}, id)
}

// fromProxy reports whether a trusted proxy sent the request.
func (a *app) fromProxy(r *http.Request) bool {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, proxy := range a.proxies {
		if proxy.Contains(remote.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// networksOf reads addresses and networks; what is neither, Gin refuses.
func networksOf(proxies []string) []netip.Prefix {
	var networks []netip.Prefix
	for _, proxy := range proxies {
		if network, err := netip.ParsePrefix(proxy); err == nil {
			networks = append(networks, network)
		} else if address, err := netip.ParseAddr(proxy); err == nil {
			networks = append(networks, netip.PrefixFrom(address, address.BitLen()))
		}
	}
	return networks
}
