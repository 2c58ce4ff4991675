/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Count first, then try to tell. No verdict depends on what happens here. */
#ifndef UNDERPIN_LEDGER_BPF_H
#define UNDERPIN_LEDGER_BPF_H

#include "decide.bpf.h"

#define EVENT_INTERVAL 1000000000ULL /* ns: a ledger row sends at most one event a second */

static __always_inline u8 outcome_of(const struct answer *answer)
{
	if (answer->enforced == VERDICT_DENY)
		return OUTCOME_DENIED;
	return answer->audited == VERDICT_DENY ? OUTCOME_WOULD_DENY : OUTCOME_ALLOWED;
}

static __always_inline struct ledger_row *ledger_add(struct ledger_key *key, const struct ledger_row *fresh)
{
	struct ledger_row *row;

	bpf_map_update_elem(&ledger, key, fresh, BPF_NOEXIST);
	row = bpf_map_lookup_elem(&ledger, key);
	return row;
}

/* The row of this key; when there is no room, the subject's row for everything else of this kind. */
static __always_inline struct ledger_row *ledger_find(struct ledger_key *key, const struct ledger_row *fresh)
{
	struct ledger_row *row = bpf_map_lookup_elem(&ledger, key);
	struct subject_row *subject;
	u64 id = key->subject;

	if (row)
		return row;
	/* A subject has a share, so that a flood of one hides nothing of another. */
	subject = bpf_map_lookup_elem(&subjects, &id);
	if (subject && subject->ledger_rows < LIMIT_SUBJECT_LEDGER) {
		__sync_fetch_and_add(&subject->ledger_rows, 1);
		row = ledger_add(key, fresh);
		if (row)
			return row;
	}
	count(COUNTER_LEDGER_OTHER);
	key->other = 1;
	key->image = 0;
	key->port = 0;
	key->protocol = 0;
	key->family = 0;
	key->lineage = 0;
	key->origin = 0;
	key->rule = RULE_NONE;
	__builtin_memset(key->address, 0, sizeof(key->address));
	row = bpf_map_lookup_elem(&ledger, key);
	return row ? row : ledger_add(key, fresh);
}

static __always_inline void tell(const struct ledger_key *key, u64 now, u64 exe, u64 from, u32 pid, u64 name,
				 u64 total)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count(COUNTER_LOST);
		return;
	}
	event->time = now;
	event->exe = exe;
	event->from = from;
	event->kind = EVENT_DECISION;
	event->pid = pid;
	event->what = *key;
	event->count = total;
	event->name = name;
	bpf_ringbuf_submit(event, 0);
	count(COUNTER_EMITTED);
}

/* Somebody watches: allowed decisions too. */
static __always_inline void observe(const struct ledger_key *key, u64 exe, u64 from, u32 pid, u64 name)
{
	struct event *event;

	if (!is_set(FLAG_OBSERVE))
		return;
	event = bpf_ringbuf_reserve(&observed, sizeof(*event), 0);
	if (!event) {
		count(COUNTER_OBSERVED_LOST);
		return;
	}
	event->time = bpf_ktime_get_boot_ns();
	event->exe = exe;
	event->from = from;
	event->kind = EVENT_DECISION;
	event->pid = pid;
	event->what = *key;
	event->count = 0;
	event->name = name;
	bpf_ringbuf_submit(event, 0);
}

/* Counts the slot's `answer` about its `key`, whose subject, policy, rule and outcome are filled in here. `exe`,
 * `from`: hashes for names. */
__weak __noinline int record(u32 slot, u64 exe, u64 from, u32 pid)
{
	struct work *work = work_of(slot);
	struct ledger_row fresh = {}, *row;
	struct ledger_key *key;
	struct answer *answer;
	u64 now;

	if (!work)
		return 0;
	key = &work->key;
	answer = &work->answer;
	key->subject = answer->subject;
	key->policy = answer->policy;
	key->rule = answer->rule;
	key->outcome = outcome_of(answer);
	key->lineage = work->lineage == LINEAGE_FIRST ? LINEAGE_ENTRYPOINT : work->lineage;
	observe(key, exe, from, pid, work->name);
	if (key->outcome == OUTCOME_ALLOWED)
		return 0;
	count(COUNTER_DENIED);
	now = bpf_ktime_get_boot_ns();
	fresh.first = fresh.last = now;
	fresh.exe = exe;
	fresh.from = from;
	row = ledger_find(key, &fresh);
	if (!row) {
		/* Not even a row for the rest: one number per kind and outcome is always there. */
		u32 rest = key->decision * 3 + key->outcome;
		u64 *value = bpf_map_lookup_elem(&ledger_rest, &rest);

		if (value)
			__sync_fetch_and_add(value, 1);
		count(COUNTER_LEDGER_NOWHERE);
		tell(key, now, exe, from, pid, work->name, 0);
		return 0;
	}
	__sync_fetch_and_add(&row->count, 1);
	row->last = now;
	row->pid = pid;
	row->name = work->name;
	if (row->emitted && now - row->emitted < EVENT_INTERVAL) {
		count(COUNTER_SUPPRESSED);
		return 0;
	}
	row->emitted = now;
	tell(key, now, exe, from, pid, work->name, row->count);
	return 0;
}

/* The same for what a process, known by its image, did to the slot's peer. */
static __always_inline void record_network(u32 slot, struct work *work, u32 decision, u32 hook, u64 image,
					   u32 pid)
{
	struct ledger_key *key = &work->key;
	struct image_row *row;
	u64 exe = 0, from = 0;

	if (outcome_of(&work->answer) == OUTCOME_ALLOWED && !is_set(FLAG_OBSERVE))
		return; /* the common case pays nothing for telemetry */
	row = bpf_map_lookup_elem(&images, &image);
	if (row) {
		exe = row->exe.hash;
		from = row->from.hash;
	}
	__builtin_memset(key, 0, sizeof(*key));
	key->image = image;
	key->decision = decision;
	key->hook = hook;
	key->protocol = work->peer.protocol;
	key->family = work->peer.family;
	key->port = work->peer.port;
	__builtin_memcpy(key->address, work->peer.address, sizeof(key->address));
	if (decision == DECISION_EGRESS)
		name_of_address(slot);
	record(slot, exe, from, pid);
	work->name = 0;
}

#endif
