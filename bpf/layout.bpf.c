/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One global per type of abi.h, so that BTF keeps all of them. Built, never loaded. */
#include "abi.h"

#define KEEP(kind, name) kind name keep_##name

KEEP(enum, limit);
KEEP(enum, decision);
KEEP(enum, verdict);
KEEP(enum, outcome);
KEEP(enum, hook);
KEEP(enum, scope);
KEEP(enum, mechanism);
KEEP(enum, path_state);
KEEP(enum, path_kind);
KEEP(enum, image);
KEEP(enum, rule_blame);
KEEP(enum, socket_kind);
KEEP(enum, event_kind);
KEEP(enum, counter);
KEEP(enum, flag);
KEEP(struct, rule_bits);
KEEP(struct, control);
KEEP(struct, cgroup_row);
KEEP(struct, subject_row);
KEEP(struct, subject_name);
KEEP(struct, binding_row);
KEEP(struct, pod_key);
KEEP(struct, pod_row);
KEEP(struct, ruleset_row);
KEEP(struct, policy_row);
KEEP(struct, rule_key);
KEEP(struct, rule_row);
KEEP(struct, exe_key);
KEEP(struct, exe_row);
KEEP(struct, address_key);
KEEP(struct, port_key);
KEEP(struct, path_key);
KEEP(struct, image_row);
KEEP(struct, grant_key);
KEEP(struct, process_row);
KEEP(struct, socket_row);
KEEP(struct, automaton_row);
KEEP(struct, ledger_key);
KEEP(struct, ledger_row);
KEEP(struct, name_row);
KEEP(struct, event);
KEEP(struct, question);
