/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Identity that cannot be shed:
 *   tp_btf/cgroup_mkdir         a new cgroup is bound before any process can be in it
 *   tp_btf/cgroup_release       its rows go when nothing refers to it any more
 *   tp_btf/cgroup_attach_task   a process that enters a subject carries it from then on
 *   tp_btf/sched_process_fork   children carry what their parent carries
 *   tp_btf/sched_process_exit   the row goes with the last thread */
#include "maps.bpf.h"
#include "path.bpf.h"
#include "subject.bpf.h"
#include "image.bpf.h"
#include <bpf/bpf_tracing.h>

#define UID_DIGITS 32
#define POD_NAME_MAX 128

struct uid_walk {
	u64 digits; /* hexadecimal digits of the UID so far */
	u64 at;	    /* where "pod" ended; 0: not seen yet */
};

/* The UID in a pod's cgroup name: kubepods-burstable-pod<uid with _>.slice (systemd driver), pod<uid with ->
 * (cgroupfs driver), pod<32 hexadecimal digits> (a static pod's configuration hash). Answers 1 when there is
 * one. */
static __noinline int pod_uid(struct scratch *scratch, const char *name, u8 uid[16])
{
	/* In memory, so that the verifier does not tell every position apart. */
	volatile struct uid_walk *walk = (void *)scratch->walk;
	char *text = scratch->text;

	walk->digits = 0;
	walk->at = 0;
	__builtin_memset(text, 0, 8);
	bpf_probe_read_kernel_str(text, POD_NAME_MAX, name);
	for (u32 i = 0; i < POD_NAME_MAX; i++) {
		char c = text[i];
		u32 digit;

		if (c == 0)
			break;
		if (c == 'p' && text[i + 1] == 'o' && text[i + 2] == 'd' && (i == 0 || text[i - 1] == '-')) {
			walk->at = i + 3; /* the last one counts: a name above it may say "pod" as well */
			walk->digits = 0;
			continue;
		}
		if (!walk->at || i < walk->at || c == '-' || c == '_')
			continue;
		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		else if (c == '.' && walk->digits == UID_DIGITS)
			break;
		else
			digit = 16;
		if (digit == 16 || walk->digits >= UID_DIGITS) {
			walk->at = walk->digits = 0;
			continue;
		}
		uid[walk->digits / 2 & 15] = uid[walk->digits / 2 & 15] << 4 | digit;
		walk->digits++;
	}
	return walk->digits == UID_DIGITS;
}

/* The binding of the cgroup patterns that accept this path; 0: none. scratch->text holds the path. */
static __noinline u32 binding_of_path(struct scratch *scratch, const char *path)
{
	struct control *control = control_row();
	struct automaton_row *row;
	u32 state;
	long length;

	if (!control || !control->cgroup_start)
		return 0;
	state = control->cgroup_start;
	length = bpf_probe_read_kernel_str(scratch->text, LIMIT_CGROUP_PATH, path);
	if (length < 0 || length >= LIMIT_CGROUP_PATH) {
		/* fail open: no pattern can look at so long a path. It inherits its parent's subject all the
		 * same, and making it needs the right to make cgroups outside of any subject. */
		count(COUNTER_CGROUP_PATH_LONG);
		return 0;
	}
	for (u32 i = 0; i < LIMIT_CGROUP_PATH; i++) {
		u8 c = scratch->text[i];

		if (c == 0)
			break;
		row = bpf_map_lookup_elem(&automaton, &state);
		if (!row)
			return 0;
		state = row->next[c];
		if (!state)
			return 0;
	}
	row = bpf_map_lookup_elem(&automaton, &state);
	return row ? row->accept : 0;
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

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(identity_mkdir, struct cgroup *cgroup, const char *path)
{
	u64 id = cgroup->kn->id, parent = BPF_CORE_READ(cgroup, self.parent, cgroup, kn, id);
	struct cgroup_row *above = bpf_map_lookup_elem(&cgroups, &parent), row = {};
	struct pod_key pod = {};
	struct scratch *scratch;
	u8 scope = SCOPE_NONE;

	if (above) {
		u64 subject = above->subject;
		struct subject_row *owner = bpf_map_lookup_elem(&subjects, &subject);

		row.subject = subject;
		if (owner)
			scope = owner->scope;
	}
	/* Inside a pod or a container everything is that subject, whatever its name. */
	if (scope != SCOPE_POD && scope != SCOPE_UNMANAGED) {
		scratch = scratch_claim();
		if (scratch) {
			struct pod_row *known = 0;
			u32 binding;

			if (pod_uid(scratch, cgroup->kn->name, pod.uid))
				known = bpf_map_lookup_elem(&pods, &pod);
			if (known) {
				row.subject =
					new_subject(scratch, id, known->binding, SCOPE_POD, pod.uid, path);
			} else {
				binding = binding_of_path(scratch, path);
				if (binding) {
					struct binding_row *bound = bpf_map_lookup_elem(&bindings, &binding);
					struct pod_key none = {};

					row.subject = new_subject(scratch, id, binding,
								  bound ? bound->scope : SCOPE_NONE, none.uid,
								  path);
				}
			}
			scratch_release(scratch);
		}
		/* else fail open for a new subject: counted as scratch busy; the agent binds it when it scans
		 * next. */
	}
	if (!row.subject)
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

/* What a process runs that we have not seen exec: its caller is not known. */
static __always_inline u64 image_of_task(struct task_struct *task, u64 subject)
{
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	struct scratch *scratch;
	u64 image;

	if (!file)
		return IMAGE_UNKNOWN; /* a kernel thread */
	scratch = scratch_claim();
	if (!scratch)
		return IMAGE_UNKNOWN;
	__builtin_memset(&scratch->image.from, 0, sizeof(scratch->image.from));
	resolve(scratch, &scratch->image.exe, (u64)file, (u64)BPF_CORE_READ(task, fs));
	remember_name(scratch, &scratch->image.exe);
	image = intern_image(scratch, subject);
	scratch_release(scratch);
	return image;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(identity_attach, struct cgroup *cgroup, const char *path, struct task_struct *task)
{
	u64 id = cgroup->kn->id;
	struct cgroup_row *entered = bpf_map_lookup_elem(&cgroups, &id);
	u32 tgid = task->tgid;
	struct process_row *known = bpf_map_lookup_elem(&processes, &tgid), row = {};

	if (!entered)
		return 0; /* what it carries, it keeps */
	if (known) {
		if (!carries(known->subject))
			known->subject = carries(entered->subject);
		return 0;
	}
	row.subject = carries(entered->subject);
	row.image = image_of_task(task, entered->subject);
	write_process(tgid, &row);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(identity_fork, struct task_struct *parent, struct task_struct *child)
{
	u32 from = parent->tgid, to = child->tgid;
	struct process_row *known = bpf_map_lookup_elem(&processes, &from), row = {};
	struct cgroup_row *entered;
	u64 cgroup;

	if (from == to)
		return 0; /* a thread */
	cgroup = child->cgroups->dfl_cgrp->kn
			 ->id; /* clone(CLONE_INTO_CGROUP) enters without an attach event */
	entered = bpf_map_lookup_elem(&cgroups, &cgroup);
	if (known) {
		row = *known;
		if (!carries(row.subject) && entered)
			row.subject = carries(entered->subject);
		write_process(to, &row);
		return 0;
	}
	if (bpf_map_lookup_elem(&processes, &to))
		bpf_map_delete_elem(&processes, &to); /* of an earlier process with this number */
	if (!entered)
		return 0;
	row.subject = carries(entered->subject);
	row.image = image_of_task(child, entered->subject);
	write_process(to, &row);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(identity_exit, struct task_struct *task)
{
	u32 tgid = task->tgid;

	if (task->signal->live.counter <= 0)
		bpf_map_delete_elem(&processes, &tgid);
	return 0;
}
