/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Identity of cgroups (that of processes is in process.bpf.c):
 *   tp_btf/cgroup_mkdir         a new cgroup is bound before any process can be in it
 *   tp_btf/cgroup_release       its rows go when nothing refers to it any more */
#define TRACING
#include "container.bpf.h"
#include "recognise.bpf.h"
#include <bpf/bpf_tracing.h>

/* The binding of the cgroup patterns that accept this path, or of a container where it lies; 0: none.
 * scratch->text holds the path. */
static __noinline u32 binding_of_path(struct scratch *scratch, const char *path, bool container)
{
	struct control *control = control_row();
	struct automaton_row *row;
	u32 state, otherwise;
	long length;

	if (!control)
		return 0;
	otherwise = container ? control->container : 0;
	if (!control->cgroup_start)
		return otherwise;
	state = control->cgroup_start;
	length = bpf_probe_read_kernel_str(scratch->text, LIMIT_CGROUP_PATH, path);
	if (length < 0 || length >= LIMIT_CGROUP_PATH) {
		/* fail open: no pattern can look at so long a path. It inherits its parent's subject all the
		 * same, and making it needs the right to make cgroups outside of any subject. */
		count(COUNTER_CGROUP_PATH_LONG);
		return otherwise;
	}
	for (u32 i = 0; i < LIMIT_CGROUP_PATH; i++) {
		u8 c = scratch->text[i];

		if (c == 0)
			break;
		row = bpf_map_lookup_elem(&automaton, &state);
		if (!row)
			return otherwise;
		state = row->next[c];
		if (!state)
			return otherwise;
	}
	row = bpf_map_lookup_elem(&automaton, &state);
	if (!row || !row->accept)
		return otherwise;
	return container && row->container ? row->container : row->accept;
}

static __always_inline void name_subject(struct scratch *scratch, u64 id, u8 scope, const u8 uid[16],
					 const char *path)
{
	struct subject_name *name = &scratch->subject_name;

	__builtin_memset(name, 0, sizeof(*name));
	name->scope = scope;
	__builtin_memcpy(name->uid, uid, 16);
	bpf_probe_read_kernel_str(name->cgroup, sizeof(name->cgroup), path);
	if (bpf_map_update_elem(&subject_names, &id, name, BPF_ANY))
		count(COUNTER_NAMES_FULL);
}

/* A new subject: its own row, and its name. */
static __always_inline u64 new_subject(struct scratch *scratch, u64 id, u32 binding, u8 scope,
				       const u8 uid[16], const char *path)
{
	struct subject_row row = {.binding = binding, .scope = scope};

	if (bpf_map_update_elem(&subjects, &id, &row, BPF_ANY)) {
		count(COUNTER_SUBJECTS_FULL);
		return SUBJECT_UNKNOWN; /* fail closed */
	}
	name_subject(scratch, id, scope, uid, path);
	return id;
}

static __always_inline bool is_inside(u8 scope)
{
	return scope == SCOPE_POD || scope == SCOPE_UNMANAGED;
}

/* The top of a new subject: its number, SUBJECT_UNKNOWN, or `inherited` when it is none. */
static __noinline u64 subject_of_new(u32 slot, u64 cgroup_address, u64 id, u64 inherited, const char *path)
{
	struct control *control = control_row();
	struct scratch *scratch = scratch_of(slot);
	struct cgroup_names *names = names_of(slot);
	struct binding_row *bound;
	struct pod_row *known;
	struct pod_key pod = {};
	u32 binding, what = RECOGNISED_NOTHING;

	if (!scratch || !names || !control || !is_below_top(cgroup_address))
		return inherited;
	/* Whoever may make cgroups somewhere must not make a pod or a container by giving it a name: those are
	 * root's. Containers of other users are recognised by what they are, see container.bpf.h. */
	if (!(u32)bpf_get_current_uid_gid())
		what = recognise(slot, cgroup_address, control->top);
	if (what == RECOGNISED_POD || what == RECOGNISED_NAMELESS_POD) {
		__builtin_memcpy(pod.uid, names->uid, sizeof(pod.uid));
		known = what == RECOGNISED_POD ? bpf_map_lookup_elem(&pods, &pod) : 0;
		binding = known ? known->binding : control->pending;
		if (!binding)
			return inherited; /* no plan yet: the agent binds what is there when it has one */
		if (!known)
			count(COUNTER_PENDING);
		return new_subject(scratch, id, binding, SCOPE_POD, pod.uid, path);
	}
	binding = binding_of_path(scratch, path, what == RECOGNISED_CONTAINER);
	if (!binding)
		return inherited;
	bound = bpf_map_lookup_elem(&bindings, &binding);
	return new_subject(scratch, id, binding, bound ? bound->scope : SCOPE_NONE, pod.uid, path);
}

/* Beside the containers of a pod there may be a runtime's helper, which starts the runtime: it is no part of the pod,
 * as long as nobody made it who is. */
static __always_inline bool is_helper(u32 slot, u64 cgroup_address)
{
	return !(u32)bpf_get_current_uid_gid() && recognise(slot, cgroup_address, 0) == RECOGNISED_HELPER;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(identity_mkdir, struct cgroup *cgroup, const char *path)
{
	u64 id = cgroup->kn->id, parent = BPF_CORE_READ(cgroup, self.parent, cgroup, kn, id);
	u64 address = (u64)BPF_CORE_READ(cgroup, self.cgroup); /* as a number, for global functions */
	struct cgroup_row *above = bpf_map_lookup_elem(&cgroups, &parent), row = {};
	u32 maker = bpf_get_current_pid_tgid() >> 32;
	struct process_row *made_by = bpf_map_lookup_elem(&processes, &maker);
	bool from_inside = made_by && made_by->subject, is_top_of_pod = false;
	u8 scope = SCOPE_NONE;
	int slot = -1;

	if (above) {
		u64 subject = above->subject;
		struct subject_row *owner = bpf_map_lookup_elem(&subjects, &subject);

		row.subject = subject;
		if (owner)
			scope = owner->scope;
		is_top_of_pod = scope == SCOPE_POD && subject == parent;
		/* What is made in a container that runs, or by it, gets no first program of the container any more. */
		row.started = from_inside || (!is_top_of_pod && above->started);
	}
	/* Inside a pod or a container everything is that subject, whatever its name. */
	if (!is_inside(scope) || (is_top_of_pod && !from_inside))
		slot = claim_path_slot();
	if (slot >= 0) {
		if (!is_inside(scope)) {
			row.subject = subject_of_new(slot, address, id, row.subject, path);
			if (row.subject == id)
				row.started = 0;
		} else if (is_helper(slot, address)) {
			row.subject = row.started = 0;
		}
		release_slot(slot);
	}
	/* else fail open for a new subject: counted as scratch busy; the agent binds it when it scans next. */
	if (!row.subject && !above)
		return 0;
	if (bpf_map_update_elem(&cgroups, &id, &row, BPF_ANY)) {
		u32 flag = FLAG_CGROUPS_FULL, one = 1;

		count(COUNTER_CGROUPS_FULL);
		bpf_map_update_elem(&flags, &flag, &one,
				    BPF_ANY); /* fail closed: from now on a miss looks at the ancestors */
	}
	return 0;
}

SEC("tp_btf/cgroup_release")
int BPF_PROG(identity_release, struct cgroup *cgroup, const char *path)
{
	u64 id = cgroup->kn->id;

	/* Both: a subject whose cgroup found no room has a row of its own all the same. */
	bpf_map_delete_elem(&cgroups, &id);
	bpf_map_delete_elem(&subjects, &id); /* fail closed: who still carries it is denied */
	return 0;
}
char LICENSE[] __weak SEC("license") = "Dual BSD/GPL";
