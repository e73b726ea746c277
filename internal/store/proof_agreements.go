package store

// agreements are what holds in a ledger that is whole, each with a query for
// how often it does not.
var agreements = []struct{ what, broken string }{
	{"Each wave has as many responses as it counts, without a gap", `SELECT count(*) FROM waves w, LATERAL (
			SELECT count(*) AS n, coalesce(min(ordinal), 0) AS lowest, coalesce(max(ordinal), -1) AS highest
			FROM responses WHERE wave_id = w.id) r
		WHERE r.n <> w.released OR r.lowest <> 0 OR r.highest <> w.released - 1`},
	{"Each release has as many responses as it counts", `SELECT count(*) FROM releases
		FULL JOIN (SELECT wave_id, release AS number, count(*) AS came FROM responses GROUP BY wave_id, release) r USING (wave_id, number)
		WHERE size IS DISTINCT FROM came`},
	{"Each wave has as many releases as it counts", `SELECT count(*) FROM waves w
		WHERE releases <> (SELECT count(*) FROM releases WHERE wave_id = w.id)
			OR releases <> (SELECT coalesce(max(number), 0) FROM releases WHERE wave_id = w.id)`},
	{"Responses lie in the order of their releases", `SELECT count(*) FROM (
			SELECT release, lag(release) OVER (PARTITION BY wave_id ORDER BY ordinal) AS before FROM responses) r
		WHERE release < before`},
	{"Each response is of a wave and answers a published definition that the wave accepts", `SELECT count(*) FROM (
			SELECT wave_id, form_version FROM inbox UNION SELECT wave_id, form_version FROM responses) a
		WHERE NOT EXISTS (SELECT FROM waves w JOIN form_versions f ON f.form = w.survey AND f.version = ANY (w.versions)
			WHERE w.id = a.wave_id AND f.version = a.form_version)`},
	{"Each response that waits has its key", `SELECT count(*) FROM inbox i
		WHERE NOT EXISTS (SELECT FROM submission_keys k WHERE k.submission_key = i.submission_key)`},
	// Responses that were invented for a demo wave never had a key.
	{"No key of a response is missing", `SELECT greatest(0, (SELECT count(*) FROM inbox)
		+ (SELECT coalesce(sum(released), 0) FROM waves WHERE NOT demo) - (SELECT count(*) FROM submission_keys))`},
	{"No key is without its response", `SELECT greatest(0, (SELECT count(*) FROM submission_keys)
		- (SELECT count(*) FROM inbox) - (SELECT coalesce(sum(released), 0) FROM waves))`},
	{"Figures were shown only of responses that are there", `SELECT count(*) FROM editions e JOIN waves w ON w.id = e.wave_id
		WHERE e.size > w.released`},
	{"Each text that is read is in a response that is there", `SELECT count(*) FROM texts t
		WHERE NOT EXISTS (SELECT FROM responses r WHERE r.wave_id = t.wave_id AND r.ordinal = t.ordinal AND r.answers ? t.question)`},
	{"Each collector has as many invitations as it has issued", `SELECT count(*) FROM collectors c
		WHERE kind = 'closed' AND issued <> (SELECT count(*) FROM invitations WHERE collector_id = c.id)`},
	{"As many invitations are used as responses came by them", `SELECT count(*) FROM collectors c
		WHERE kind = 'closed' AND returned + held_back + (SELECT count(*) FROM inbox WHERE collector_id = c.id)
			<> (SELECT count(*) FROM invitations WHERE collector_id = c.id AND spent)`},
	{"Each referral was received once", `SELECT count(*) FROM referrals r
		WHERE (SELECT count(*) FROM events WHERE referral_id = r.id AND kind = 'received') <> 1`},
	{"Each referral that has a team was routed once, and no other", `SELECT count(*) FROM referrals r
		WHERE (routed_at IS NULL) <> (team IS NULL)
			OR (SELECT count(*) FROM events WHERE referral_id = r.id AND kind = 'routed') <> CASE WHEN routed_at IS NULL THEN 0 ELSE 1 END`},
	{"Each amendment is in the history of its referral", `SELECT count(*) FROM referrals r
		WHERE (SELECT count(*) FROM events WHERE referral_id = r.id AND kind = 'amended')
			<> (SELECT count(*) FROM amendments WHERE referral_id = r.id)`},
	{"Each referral that is decided has its decision, and no other", `SELECT count(*) FROM referrals r
		WHERE (SELECT count(*) FROM decisions WHERE referral_id = r.id) <> CASE WHEN status = 'decided' THEN 1 ELSE 0 END`},
	{"Each email that was sent is in the history of its referral", `SELECT count(*) FROM referrals r
		WHERE (SELECT count(*) FROM events WHERE referral_id = r.id AND kind = 'team_told')
			<> (SELECT count(*) FROM notifications WHERE referral_id = r.id AND sent_at IS NOT NULL)`},
	{"Each file that is ready is whole", `SELECT count(*) FROM exports e
		WHERE state = 'ready' AND size <> (SELECT coalesce(sum(length(bytes)), 0) FROM export_parts p
			WHERE p.export_id = e.id AND p.attempt = e.attempt)`},
}
