#pragma once

#include "hal/os/machine_facts.h"
#include "ipc/contract/messages.h"

namespace tillhost::devd::runtime {

/// What a licence server is told of this machine, kinds by their names in licence files: board,
/// disk, mid, nic, host. As it was read, but for the machine's id, which leaves as a hash only; one
/// that is none (no 32 hex digits, or one digit throughout) is not told.
contract::MachineFactsReply told(const os::MachineFacts& facts);

}  // namespace tillhost::devd::runtime
