#include "licd/keys/machine_traits.h"

#include <utility>

#include "hal/os/machine_facts.h"

namespace tillhost::licd::keys {
namespace {

Trait disk_of(os::MachineFacts& facts) {
    return facts.disks ? make_trait(TraitKind::disk, std::move(*facts.disks),
                                    "the disk tells no serial number")
                       : make_trait(TraitKind::disk, {}, "what is mounted on / is no disk");
}

/// The identity itself is nobody's business (machine-id(5)): only a hash for this purpose leaves.
Trait machine_id_of(const os::MachineFacts& facts) {
    const std::string& id = facts.machine_id;
    const Trait plain = make_trait(TraitKind::machine_id, {id}, "");
    if (plain.values.empty()) {
        return make_trait(TraitKind::machine_id, {},
                          id.empty() ? "/etc/machine-id is not there" : plain.weak);
    }
    return make_trait(TraitKind::machine_id, {os::hashed_machine_id(plain.values.front())}, "");
}

}  // namespace

Traits read_machine_traits(const std::string& root) {
    os::MachineFacts facts = os::read_machine_facts(root);
    return {make_trait(TraitKind::board, std::move(facts.board), "tells no number, or root alone"),
            disk_of(facts), machine_id_of(facts),
            make_trait(TraitKind::nic, std::move(facts.nics), "there is no network card"),
            make_trait(TraitKind::host, {facts.host}, "")};
}

}  // namespace tillhost::licd::keys
